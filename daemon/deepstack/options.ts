// What the owner may choose of the DeepStack adapter.

export interface DeepstackOptions {
  /** Most predictions of one answer. Frigate has room for 20 and does not check. */
  readonly predictionsMax: number;
  /**
   * Memory of all bodies whose key is not known before they are read, in bytes: strangers cannot take what clients with a key in
   * the header need.
   */
  readonly strangerBytesMax: number;
  /** Names of custom models that stand for the default detector where no model bears them. Lower case. */
  readonly aliases: ReadonlySet<string>;
}

/** The aliases are what CodeProject.AI's clients ask for out of the box: Viseron, Blue Iris, Agent DVR. */
export const deepstackDefaults: DeepstackOptions = {
  predictionsMax: 20,
  strangerBytesMax: 64 * 1024 * 1024,
  aliases: new Set(['general', 'ipcam-general', 'ipcam-combined', 'ipcam-dark', 'default']),
};
