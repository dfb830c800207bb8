// A word diff for reading, not for patching: common ends are skipped, the middle is aligned by its longest common
// subsequence, and texts too long for that are shown unmarked.

const DIFF_CELLS = 4e6;

/** Marks of both texts, as lists of {text, same}; null where the texts are too long to align. */
function wordDiff(before, after) {
  const a = before.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];
  const b = after.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const n = a.length - start - end;
  const m = b.length - start - end;
  if (n * m > DIFF_CELLS) return null;
  const keepA = new Uint8Array(a.length).fill(1);
  const keepB = new Uint8Array(b.length).fill(1);
  align(a, b, start, n, m, keepA, keepB);
  return { before: joined(a, keepA), after: joined(b, keepB) };
}

function align(a, b, start, n, m, keepA, keepB) {
  const width = m + 1;
  const length = new Uint16Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      length[i * width + j] =
        a[start + i] === b[start + j]
          ? length[(i + 1) * width + j + 1] + 1
          : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  let i = 0;
  let j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && a[start + i] === b[start + j]) {
      i++;
      j++;
    } else if (j < m && (i === n || length[i * width + j + 1] >= length[(i + 1) * width + j])) {
      keepB[start + j++] = 0;
    } else {
      keepA[start + i++] = 0;
    }
  }
}

/** Neighbouring words of one kind as one piece; a space between two marked words is marked with them. */
function joined(words, keep) {
  for (let i = 1; i + 1 < words.length; i++) {
    if (keep[i] && !keep[i - 1] && !keep[i + 1] && /^\s+$/.test(words[i])) keep[i] = 0;
  }
  const pieces = [];
  for (let i = 0; i < words.length; i++) {
    const same = keep[i] === 1;
    const last = pieces[pieces.length - 1];
    if (last && last.same === same) last.text += words[i];
    else pieces.push({ text: words[i], same });
  }
  return pieces;
}
