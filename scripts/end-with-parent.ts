/**
 * Preloaded into the program by `run-examples.ts`: when the process that started it is gone, whatever for, it ends too.
 * Otherwise it would stay behind on its ports.
 */
process.on('disconnect', () => process.kill(process.pid, 'SIGINT'));
// The channel alone is no reason to go on.
process.channel?.unref();
