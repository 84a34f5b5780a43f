// The service counts characters as Python does, by code points; JavaScript counts UTF-16 units, two for an emoji.

// A function from an offset in code points to one in units.
export function unitsOf(text) {
  if (!/[\ud800-\udfff]/.test(text)) return (offset) => offset;
  const pairs = [];
  let points = 0;
  for (let at = 0; at < text.length; at++, points++) {
    if (text.codePointAt(at) > 0xffff) {
      pairs.push(points);
      at++;
    }
  }
  return (offset) => offset + before(pairs, offset);
}

// How many of the sorted numbers lie below `offset`.
function before(numbers, offset) {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
