/** What is wrong, or worth knowing, about what somebody wrote as a setting: data, collected, never thrown. */
export interface SettingProblem {
  /** `error`: the value is not used. `warning`: something that was asked for is not done. `info`: nothing is lost. */
  readonly severity: 'error' | 'warning' | 'info';
  /** Where it is written: `--http-port`, `POD_NAMESPACE`, or a key of the ConfigMap. */
  readonly where: string;
  /** What is not as written, one clause. */
  readonly what: string;
  /** Why, one clause. */
  readonly why: string;
  /** What to write instead, one sentence. */
  readonly fix: string;
}

/** `what: why. fix`, in one line. */
export function describeProblem(problem: SettingProblem): string {
  return `${problem.what}: ${problem.why}. ${problem.fix}`;
}

/** Problem of a value that its kind refuses. @param why  as the kind says it */
export function badValue(where: string, why: string, kind: { readonly describe: string }): SettingProblem {
  return { severity: 'error', where, what: `${where} is not as written`, why, fix: `It takes ${kind.describe}.` };
}
