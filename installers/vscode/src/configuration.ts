// The answer to `workspace/configuration`: only what a person has set, never the defaults of the schema.

/** What `WorkspaceConfiguration.inspect` tells of one key. */
export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

/**
 * The section `sidelight` as nested objects. A default that is sent along would look like a choice of
 * the editor and win over the person's own config.toml.
 */
export function chosen(keys: readonly string[], inspect: (key: string) => Inspected | undefined): Record<string, unknown> {
  const section: Record<string, unknown> = {};
  for (const key of keys) {
    const told = inspect(key);
    const value = told?.workspaceFolderValue ?? told?.workspaceValue ?? told?.globalValue;
    if (value === undefined) continue;
    put(section, key.split('.'), value);
  }
  return section;
}

function put(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first, ...rest] = path;
  if (first === undefined) return;
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const inner = (into[first] ??= {}) as Record<string, unknown>;
  put(inner, rest, value);
}
