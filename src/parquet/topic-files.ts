/** Where the Parquet files of a topic are. */
interface TopicFiles {
  /** The name of the folder: the topic, but `trades` for late trades. */
  readonly folder: string;
  /** The beginning of the files' names. */
  readonly name: string;
}

/**
 * Returns where the records of a topic go that come from a file with this name, or from a part of the topic. Late trades
 * are in files of their own among the trades, so that a query over `trades` finds both.
 */
export function topicFiles(topic: string, name: string): TopicFiles {
  const folder = topic.replace(/(^|\.)late-trades$/, '$1trades');
  return folder === topic ? { folder, name } : { folder, name: `${name}-late` };
}

/** Returns the topics whose records are in a folder of Parquet files. */
export function topicsOf(folder: string): readonly string[] {
  const late = folder.replace(/(^|\.)trades$/, '$1late-trades');
  return late === folder ? [folder] : [folder, late];
}
