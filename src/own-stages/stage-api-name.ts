/** What an own stage imports its interface from: by the package's name, whatever name it was installed under. */
export function isStageApi(specifier: string): boolean {
  return /^(@[\w.-]+\/)?pipe\/stage$/.test(specifier);
}
