import type { Counters } from '../../telemetry/counters.ts';

/** Numbers of this moment, as an engine counts them. */
export interface EngineNumbers {
  /** Client connections by what they do. */
  readonly connections: {
    readonly active: number;
    readonly reading: number;
    readonly writing: number;
    readonly waiting: number;
  };
  /** Since the start. */
  readonly handled: number;
  readonly refused: number;
  readonly requests: number;
  /** Open now. */
  readonly tunnels: number;
}

/** Sets the counters that every engine has. */
export function reportConnections(counters: Counters, numbers: EngineNumbers): void {
  const { active, reading, writing, waiting } = numbers.connections;
  for (const [state, count] of Object.entries({ active, reading, writing, waiting })) {
    counters.series('nginx_ingress_controller_nginx_process_connections', [state]).set(count);
  }
  const { handled, refused } = numbers;
  // nginx accepts what it then closes for want of room.
  for (const [state, count] of Object.entries({ accepted: handled + refused, handled })) {
    counters.series('nginx_ingress_controller_nginx_process_connections_total', [state]).set(count);
  }
  counters.series('nginx_ingress_controller_nginx_process_requests_total', []).set(numbers.requests);
  counters.series('fairway_upgrades_open', []).set(numbers.tunnels);
}
