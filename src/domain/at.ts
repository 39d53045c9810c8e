/** Returns the element at an index that must be inside the list. @throws RangeError if it is not. */
export function at<T>(list: ArrayLike<T | undefined>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`index ${index} is not inside a list of ${list.length}`);
  return element;
}
