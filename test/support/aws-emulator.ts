/** The path of the program that starts an AWS emulator. It may be missing. */
export const AWS_EMULATOR = '../shared/bin/aws-emulator';
