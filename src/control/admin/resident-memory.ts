/** Resident memory of this process in bytes; 0 when it cannot be read: that takes a file descriptor (fault F-70). */
export function residentMemory(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}
