import { expect, it } from "@jest/globals";
import { resultsCsv } from "../../src/console/csv.ts";
import { AT, resultRow } from "./fixtures.ts";

const csv = (...rows: ReturnType<typeof resultRow>[]) => resultsCsv({ from: AT, to: AT, rows }).split("\r\n");

it("has a line of figures for each row, and one for each of its reasons", () => {
  expect(csv(resultRow())).toEqual([
    "platform,channel,sender,template,language,accepted,refused,optedOut,sent,delivered,read,failed,waiting,code,count,description,nextStep,samples",
    "moengage,whatsapp,447700900000,order_shipped,en,100,2,1,95,90,40,7,0,,,,,",
    "moengage,whatsapp,447700900000,order_shipped,en,,,,,,,,,1022,7,The send does not fit the template.,Sync the templates.,id-1 id-2",
    "",
  ]);
});

it.each([
  ['=HYPERLINK("http://evil")', `"'=HYPERLINK(""http://evil"")"`],
  ["+1", `"'+1"`],
  ["-1+1", `"'-1+1"`],
  ["@SUM(A1)", `"'@SUM(A1)"`],
  ["\t=1", `"'\t=1"`],
  [" =1", `"' =1"`],
  ['say "hi", you', `"say ""hi"", you"`],
  ["two\nlines", `"two\nlines"`],
  ["plain", "plain"],
])("a spreadsheet runs nothing of %j", (template, cell) => {
  const [, line = ""] = resultsCsv({ from: AT, to: AT, rows: [resultRow({ template, reasons: [] })] }).split(
    "\r\n",
  );
  expect(line).toBe(`moengage,whatsapp,447700900000,${cell},en,100,2,1,95,90,40,7,0,,,,,`);
});
