const pending = new Set<() => void>();

/**
 * Runs when this program ends before it could clean up: by an error, SIGINT or SIGTERM.
 * @returns what says that it is not needed any more
 */
export function atExit(cleanUp: () => void): () => void {
  if (pending.size === 0 && process.listenerCount('exit', runAll) === 0) {
    process.on('exit', runAll);
    process.once('SIGINT', () => process.exit(130));
    process.once('SIGTERM', () => process.exit(143));
  }
  pending.add(cleanUp);
  return () => void pending.delete(cleanUp);
}

function runAll(): void {
  for (const cleanUp of pending) cleanUp();
}
