/** Path of the program that starts an emulator of AWS, where there is one. */
export const AWS_EMULATOR = '../shared/bin/aws-emulator';
