import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';

let now = 0;
let nowRead = false;
let wall = 0;
let wallRead = false;
let turn = 0;
let turnEnds = false;

/**
 * Time of the event that is handled now: the machine's clocks are read once for each event, not once for each question;
 * reading them a dozen times for one request was a fifteenth of its cost. nginx keeps its time in the same way.
 * An event that says nothing of itself sees the time of the event before it in the same turn of the event loop, never an
 * older one.
 */
export const eventClock: Clock = {
  now: () => (nowRead ? now : readNow()),
  wall: () => (wallRead ? wall : readWall()),
};

/** Something has happened, for example bytes have come: from here on it is later. */
export function eventBegins(): void {
  nowRead = false;
  wallRead = false;
}

/** Number of this turn of the event loop. */
export function currentTurn(): number {
  if (!turnEnds) {
    turnEnds = true;
    setImmediate(endTurn);
  }
  return turn;
}

function endTurn(): void {
  turn += 1;
  turnEnds = false;
  eventBegins();
}

function readNow(): number {
  currentTurn();
  now = systemClock.now();
  nowRead = true;
  return now;
}

function readWall(): number {
  currentTurn();
  wall = systemClock.wall();
  wallRead = true;
  return wall;
}
