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

/** Something has happened, for example bytes have come: from here on it is later. Wall time moves once per turn. */
export function eventBegins(): void {
  currentTurn();
  nowRead = false;
}

/** Number of this turn of the event loop. */
export function currentTurn(): number {
  if (!turnEnds) {
    turnEnds = true;
    setImmediate(endTurn);
  }
  return turn;
}

/** Runs a step at the end of each turn in which something asked for its number, as a part of it. Not taken back. */
export function atEndOfTurn(step: () => void): void {
  steps.push(step);
}

const steps: (() => void)[] = [];

function endTurn(): void {
  try {
    for (const step of steps) step();
  } finally {
    turn += 1;
    turnEnds = false;
    nowRead = false;
    wallRead = false;
  }
}

/** Kept while the turn is known to have an end: nothing else would forget it. What follows a turn reads for itself. */
function readNow(): number {
  now = systemClock.now();
  nowRead = turnEnds;
  return now;
}

function readWall(): number {
  wall = systemClock.wall();
  wallRead = turnEnds;
  return wall;
}
