/** Names of the errors for operators, with what each means; generated into `docs/errors.md`. */
export const operatorCodes: Readonly<Record<string, string>> = {
  'source-unavailable':
    'Objects cannot be read and never will be as things are set: no such folder, no usable kubeconfig, no API server.',
  'port-in-use': 'Another process listens on a port that Fairway was told to use.',
  'port-not-permitted': 'The user may not listen on a port; those below 1024 are reserved on most machines.',
  'address-not-available': 'The machine does not have the address that Fairway was told to listen on.',
  'bind-failed': 'The kernel refuses a listening socket for another reason, which is named.',
  'log-not-writable':
    'The file of --access-log-path cannot be opened for writing. Fairway goes on; the lines go to standard output.',
  'update-rejected':
    'A data worker cannot take a version of the configuration and serves the one before. This is a bug.',
};
