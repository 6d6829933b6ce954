import type { ServerResponse } from 'node:http';

import type { FakeEvent, FakeObject } from './fake-store.ts';
import type { Selection } from './selectors.ts';

/** One watch that a client holds open, in the hands of a test. */
export class OpenWatch {
  readonly resource: string;
  readonly #response: ServerResponse;
  readonly #selection: Selection;
  #frozen = false;
  #held: string[] = [];

  constructor(resource: string, response: ServerResponse, selection: Selection) {
    this.resource = resource;
    this.#response = response;
    this.#selection = selection;
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  /** Passes on what concerns this watch; an object that begins or ceases to be selected is added or deleted. */
  event(event: FakeEvent): void {
    if (event.resource !== this.resource) return;
    const was = event.previous !== undefined && event.change !== 'ADDED' && this.#selection(event.previous);
    const is = event.change !== 'DELETED' && this.#selection(event.object);
    if (is) this.send({ type: was ? 'MODIFIED' : 'ADDED', object: event.object });
    else if (was) this.send({ type: 'DELETED', object: event.object });
  }

  objects(objects: readonly FakeObject[]): void {
    for (const object of objects.filter(this.#selection)) this.send({ type: 'ADDED', object });
  }

  bookmark(version: number, annotations: Record<string, string> = {}): void {
    this.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version), annotations } } });
  }

  /** An ERROR event as the API server sends it inside a stream that began well. */
  error(code: number, reason: string, message: string = reason): void {
    this.send({ type: 'ERROR', object: { kind: 'Status', status: 'Failure', code, reason, message } });
  }

  send(event: unknown): void {
    this.raw(`${JSON.stringify(event)}\n`);
  }

  /** Any bytes, as they are. */
  raw(text: string): void {
    if (this.#frozen) this.#held.push(text);
    else this.#response.write(text);
  }

  /** Nothing is sent from now on, and the connection stays: as if the peer had gone without a word. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    for (const text of this.#held.splice(0)) this.#response.write(text);
  }

  end(): void {
    this.#response.end();
  }

  /** RST. */
  reset(): void {
    this.#response.socket?.resetAndDestroy();
  }

  /** Half of an event, then the end of the connection. */
  cut(event: unknown): void {
    const text = JSON.stringify(event);
    this.#response.write(text.slice(0, Math.floor(text.length / 2)), () => this.#response.socket?.destroy());
  }
}
