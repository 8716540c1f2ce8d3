/** The command line before the name of a command. */
export const PROGRAM = 'npm run cloud --';

/** Returns a command for this stack, as the operator types it: `npm run cloud -- down --stack blog`. */
export function formatCommand({ stackName }: { stackName: string }, command: string): string {
  const option = stackName === 'minitwit' ? '' : ` --stack ${stackName}`;
  return `${PROGRAM} ${command}${option}`;
}

/** Returns the command that creates an image. It has no `--stack`, since images belong to no stack. */
export function formatImageCommand(instanceType?: string): string {
  return `${PROGRAM} image${instanceType === undefined ? '' : ` --instance-type ${instanceType}`}`;
}
