import { hash32, mix32 } from '../../lib/hash.ts';

/** Points of one owner on the ring. Together with `probes` it decides how even the shares are. */
const pointsEach = 16;
/** Places of one key. */
const probes = 21;
/** Any constant: makes two independent hashes of one id. */
const salt = '\u0001';

/**
 * Multi-probe consistent hashing. Owners have points on a ring of 2^32 places; a key has some places as well, and belongs
 * to the owner of the point that follows one of them at the shortest distance.
 *
 * ```
 *  places of the key  ↓      ↓                   ↓
 *  ─────────────────b─────────────a────────c──b───a──▶    the third one is the nearest to a point: the key belongs to a
 * ```
 *
 * The same wherever the same ids are known. An owner that comes or goes moves only the keys that it takes or leaves, and
 * each key has a second, third, ... choice, which is where it would be without those before. No owner has much more than
 * its share, however many there are: see docs/decisions/0021.
 * Source: Appleton and O'Reilly, "Multi-probe consistent hashing", 2015.
 */
export class Ring {
  /** Places of the points in ascending order, and a last one that no place passes. Shape: `[points + 1]`. */
  readonly #places: Uint32Array;
  /** Whose point it is. Shape: `[points]`. */
  readonly #owners: Uint32Array;
  /** The first point of each slice of the ring, or the one behind it when it has none. Shape: `[slices]`, a power of two. */
  readonly #slices: Uint32Array;
  /** Bits of a place that do not choose its slice. */
  readonly #shift: number;
  readonly #points: number;
  readonly #ids: readonly string[];
  /** For a walk: the point where each probe stands, and how far that is from where it began. Shape: `[probes]`. */
  readonly #cursors: Uint32Array = new Uint32Array(probes);
  readonly #distances: Float64Array = new Float64Array(probes);

  /**
   * @param ids  of the owners, at least one, in ascending order
   * @param like  a ring of nearly the same owners, whose points then need not be sorted again
   */
  constructor(ids: readonly string[], like?: Ring) {
    this.#ids = ids;
    this.#points = ids.length * pointsEach;
    const bits = Math.max(4, 32 - Math.clz32(this.#points - 1));
    this.#shift = 32 - bits;
    this.#places = new Uint32Array(this.#points + 1);
    this.#owners = new Uint32Array(this.#points);
    this.#slices = new Uint32Array(2 ** bits);
    const change = like === undefined ? undefined : changeOf(like.#ids, ids);
    if (like === undefined || change === undefined) this.#sort(placesOf(ids));
    else this.#merge(like, change);
    this.#places[this.#points] = 0xffff_ffff;
  }

  /** Index of the owner of a key. @param hash  of the key, 32 bits, signed: others are objects to the engine, and garbage */
  first(hash: number): number {
    const [places, slices, shift] = [this.#places, this.#slices, this.#shift];
    const step = stepOf(hash);
    let place = hash >>> 0;
    let best = 0;
    let shortest = Number.POSITIVE_INFINITY;
    for (let probe = 0; probe < probes; probe += 1) {
      let point = slices[place >>> shift] ?? 0;
      while ((places[point] ?? 0) < place) point += 1;
      if (point === this.#points) point = 0;
      const distance = ((places[point] ?? 0) - place) >>> 0;
      if (distance < shortest) {
        shortest = distance;
        best = point;
      }
      place = (place + step) >>> 0;
    }
    return this.#owners[best] ?? 0;
  }

  /** Begins a walk over the choices of a key; `next` gives them. @param hash  as for `first` */
  begin(hash: number): void {
    const [places, slices, shift] = [this.#places, this.#slices, this.#shift];
    const step = stepOf(hash);
    let place = hash >>> 0;
    for (let probe = 0; probe < probes; probe += 1) {
      let point = slices[place >>> shift] ?? 0;
      while ((places[point] ?? 0) < place) point += 1;
      if (point === this.#points) point = 0;
      this.#cursors[probe] = point;
      this.#distances[probe] = ((places[point] ?? 0) - place) >>> 0;
      place = (place + step) >>> 0;
    }
  }

  /** The next choice of the walk, best first; each owner comes many times. */
  next(): number {
    const [places, cursors, distances] = [this.#places, this.#cursors, this.#distances];
    let nearest = 0;
    let shortest = Number.POSITIVE_INFINITY;
    for (let probe = 0; probe < probes; probe += 1) {
      const distance = distances[probe] ?? 0;
      if (distance >= shortest) continue;
      shortest = distance;
      nearest = probe;
    }
    const point = cursors[nearest] ?? 0;
    const after = point + 1 === this.#points ? 0 : point + 1;
    cursors[nearest] = after;
    distances[nearest] = shortest + (((places[after] ?? 0) - (places[point] ?? 0)) >>> 0);
    return this.#owners[point] ?? 0;
  }

  /** By counting for each slice, which then holds a point or two, and by insertion in it. @param from  by owner */
  #sort(from: Uint32Array): void {
    const [places, owners, slices, shift] = [this.#places, this.#owners, this.#slices, this.#shift];
    for (const place of from) slices[place >>> shift] = (slices[place >>> shift] ?? 0) + 1;
    let sum = 0;
    for (let slice = 0; slice < slices.length; slice += 1) {
      sum += slices[slice] ?? 0;
      slices[slice] = sum;
    }
    // From the last to the first: equal places stay in the order of their owners, and each slice ends where it begins.
    for (let index = from.length - 1; index >= 0; index -= 1) {
      const place = from[index] ?? 0;
      const at = (slices[place >>> shift] ?? 0) - 1;
      slices[place >>> shift] = at;
      places[at] = place;
      owners[at] = Math.floor(index / pointsEach);
    }
    for (let point = 1; point < from.length; point += 1) {
      if ((places[point - 1] ?? 0) > (places[point] ?? 0)) this.#insert(point);
    }
  }

  /** The points of another ring without those of owners that are gone, and with those of owners that are new. */
  #merge(like: Ring, { newIndex, added }: Change): void {
    const [places, owners, oldPlaces, oldOwners] = [this.#places, this.#owners, like.#places, like.#owners];
    const addedPlaces = placesOf(added.map((owner) => this.#ids[owner] ?? ''));
    const order = [...addedPlaces.keys()].sort((a, b) => (addedPlaces[a] ?? 0) - (addedPlaces[b] ?? 0) || a - b);
    let at = 0;
    let next = 0;
    for (let point = 0; point <= like.#points; point += 1) {
      const last = point === like.#points;
      const owner = last ? 0 : (newIndex[oldOwners[point] ?? 0] ?? gone);
      if (owner === gone) continue;
      const place = last ? Number.POSITIVE_INFINITY : (oldPlaces[point] ?? 0);
      for (; next < order.length; next += 1) {
        const from = order[next] ?? 0;
        const newPlace = addedPlaces[from] ?? 0;
        const newOwner = added[Math.floor(from / pointsEach)] ?? 0;
        if (newPlace > place || (newPlace === place && newOwner > owner)) break;
        places[at] = newPlace;
        owners[at] = newOwner;
        at += 1;
      }
      if (last) break;
      places[at] = place;
      owners[at] = owner;
      at += 1;
    }
    this.#index();
  }

  /** The first point of each slice, from points that are in order. */
  #index(): void {
    const [places, slices, shift, points] = [this.#places, this.#slices, this.#shift, this.#points];
    let begun = 0;
    for (let point = 0; point < points; point += 1) {
      const slice = (places[point] ?? 0) >>> shift;
      while (begun <= slice) {
        slices[begun] = point;
        begun += 1;
      }
    }
    slices.fill(points, begun);
  }

  /** Moves a point to where it belongs among those before it, which are in order. */
  #insert(point: number): void {
    const place = this.#places[point] ?? 0;
    const owner = this.#owners[point] ?? 0;
    let at = point;
    for (; at > 0 && (this.#places[at - 1] ?? 0) > place; at -= 1) {
      this.#places[at] = this.#places[at - 1] ?? 0;
      this.#owners[at] = this.#owners[at - 1] ?? 0;
    }
    this.#places[at] = place;
    this.#owners[at] = owner;
  }
}

/** Owners of another ring as this one has them. */
interface Change {
  /** Shape: `[owners of the other ring]`, with `gone`. */
  readonly newIndex: Int32Array;
  /** Indices of owners that the other ring does not have, in ascending order. */
  readonly added: readonly number[];
}

const gone = -1;

/** undefined when so much differs that sorting is as fast. @param before, after  in ascending order */
function changeOf(before: readonly string[], after: readonly string[]): Change | undefined {
  const newIndex = new Int32Array(before.length).fill(gone);
  const added: number[] = [];
  let at = 0;
  for (let owner = 0; owner < after.length; owner += 1) {
    const id = after[owner] ?? '';
    while (at < before.length && (before[at] ?? '') < id) at += 1;
    if (before[at] === id) newIndex[at] = owner;
    else added.push(owner);
  }
  return added.length * 8 > after.length ? undefined : { newIndex, added };
}

/** Distance between the places of a key: odd, so that none comes twice. */
function stepOf(hash: number): number {
  return mix32(hash ^ 0x9e37_79b9) | 1;
}

/** Two hashes per id, so that no two owners share all their points. Shape: `[ids * pointsEach]`. */
function placesOf(ids: readonly string[]): Uint32Array {
  const places = new Uint32Array(ids.length * pointsEach);
  let at = 0;
  for (const id of ids) {
    const step = hash32(salt + id) | 1;
    let seed = hash32(id);
    for (let point = 0; point < pointsEach; point += 1) {
      places[at] = mix32(seed);
      seed = (seed + step) | 0;
      at += 1;
    }
  }
  return places;
}
