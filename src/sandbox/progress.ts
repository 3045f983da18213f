const LINE_EVERY_MS = 3_000;
const REWRITE_EVERY_MS = 100;

export interface Progress {
  show(done: number, total: number, words: string): void;
  end(): void;
}

function bar(done: number, total: number): string {
  const width = 30;
  const filled = total === 0 ? width : Math.round((Math.min(done, total) / total) * width);
  return `[${"#".repeat(filled)}${".".repeat(width - filled)}] ${done}/${total}`;
}

/** One line that is rewritten on a terminal; a line every few seconds where the output is kept. */
export function createProgress(out: NodeJS.WriteStream = process.stdout): Progress {
  let lastAt = 0;
  let isOpen = false;
  return {
    show(done, total, words) {
      const line = `${bar(done, total)} ${words}`;
      if (out.isTTY) {
        if (done < total && Date.now() - lastAt < REWRITE_EVERY_MS) return;
        lastAt = Date.now();
        // A line that wraps cannot be rewritten: it would fill the screen.
        out.write(`\r\u001b[2K${line.slice(0, (out.columns || 80) - 1)}`);
        isOpen = true;
      } else if (Date.now() - lastAt >= LINE_EVERY_MS) {
        lastAt = Date.now();
        out.write(`${line}\n`);
      }
    },
    end() {
      if (isOpen) out.write("\n");
      isOpen = false;
    },
  };
}
