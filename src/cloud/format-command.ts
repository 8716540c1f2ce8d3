/** How a command is given for the same stack: `npm run cloud -- down --stack blog`. */
export function formatCommand({ stackName }: { stackName: string }, command: string): string {
  const which = stackName === 'minitwit' ? '' : ` --stack ${stackName}`;
  return `npm run cloud -- ${command}${which}`;
}
