import type { HeldObjects } from './held-objects.ts';
import { listPages } from './list-pages.ts';
import type { ReflectorOptions } from './reflector-options.ts';
import { pause } from './timers.ts';
import { identityOf } from './watch-event.ts';

/** Metadata alone: cheap for the server and for us, and no Secret crosses the wire. */
const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** `uid/version` of every object, by key. */
type Versions = ReadonlyMap<string, string>;

/**
 * Compares what we hold with a list of the server, twice: what changes between the two looks is not a difference, it
 * is only on its way to us. An object counts that both sides left alone in between and that still differs.
 * @returns number of objects that differ
 * @throws ApiError when the server cannot be asked now
 */
export async function differsFromServer<T>(
  options: ReflectorOptions<T>,
  held: HeldObjects<T>,
  signal: AbortSignal,
): Promise<number> {
  const theirs = await versionsOnServer(options, signal);
  const ours = versionsHeld(held);
  const suspects = keysThatDiffer(ours, theirs);
  if (suspects.length === 0) return 0;
  await pause(options.timers, options.timings.selfCheckConfirmMs, signal);
  const theirsAgain = await versionsOnServer(options, signal);
  const oursAgain = versionsHeld(held);
  return suspects.filter(
    (key) =>
      theirs.get(key) === theirsAgain.get(key) &&
      ours.get(key) === oursAgain.get(key) &&
      oursAgain.get(key) !== theirsAgain.get(key),
  ).length;
}

async function versionsOnServer<T>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<Versions> {
  const { client, scope, timings } = options;
  const { objects } = await listPages<string>({
    client,
    scope,
    pageSize: timings.pageSize,
    notOlderThan: '',
    signal,
    accept: metadataOnly,
    take: (item) => {
      const identity = identityOf(item, scope.resource.namespaced);
      return identity === undefined ? undefined : { ...identity, value: '', bytes: 0 };
    },
    // One failed page is reason enough to look again another time.
    retry: async (error) => {
      throw error;
    },
  });
  return new Map([...objects].map(([key, one]) => [key, `${one.uid}/${one.resourceVersion}`]));
}

function versionsHeld<T>(held: HeldObjects<T>): Versions {
  return new Map([...held.values()].map((one) => [one.key, `${one.uid}/${one.resourceVersion}`]));
}

function keysThatDiffer(ours: Versions, theirs: Versions): string[] {
  const keys = new Set([...ours.keys(), ...theirs.keys()]);
  return [...keys].filter((key) => ours.get(key) !== theirs.get(key));
}
