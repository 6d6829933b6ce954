import { spawn } from 'node:child_process';

export interface CommandOptions {
  /** Standard input of the command. */
  readonly input?: string;
  readonly deadlineMs?: number;
  /** Prints nothing and does not throw when the command fails. */
  readonly mayFail?: boolean;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEFAULT_DEADLINE_MS = 60_000;

/**
 * Runs a program to its end.
 * @throws when it fails or does not end in time, with what it printed
 */
export async function run(
  program: string,
  words: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  const result = await new Promise<CommandResult>((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
    });
    const stdout: string[] = [];
    const stderr: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const ended = signal === null ? '' : `ended by ${signal}, the deadline is ${deadlineMs} ms\n`;
      resolve({ code: code ?? -1, stdout: stdout.join(''), stderr: ended + stderr.join('') });
    });
    // The program may end without reading its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
  if (result.code !== 0 && options.mayFail !== true) {
    throw new Error(`${program} ${words.join(' ')}: exit code ${result.code}\n${result.stderr}${result.stdout}`);
  }
  return result;
}
