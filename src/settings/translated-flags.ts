import type { SettingName } from './settings.ts';

/** A flag of ingress-nginx that says in other words what one of our settings says. All of them are boolean. */
export interface TranslatedFlag {
  readonly setting: SettingName;
  /** Text for the setting; absent: this value of the flag asks for nothing. */
  readonly text: { readonly true?: string; readonly false?: string };
}

/** Flags without the two dashes. */
export const translatedFlags: Readonly<Record<string, TranslatedFlag>> = {
  'report-node-internal-ip-address': { setting: 'reportNodeAddress', text: { true: 'internal' } },
  'enable-topology-aware-routing': { setting: 'zone', text: { true: 'auto', false: '' } },
};
