import { describe, expect, it } from "@jest/globals";
import { parseConfig } from "../../src/config/parse.ts";
import { createCredentials, credentialsEnv } from "../../src/sandbox/credentials.ts";

const required = credentialsEnv(createCredentials());
const parse = (env: Record<string, string>) => parseConfig({ ...required, ...env });

describe("keywords", () => {
  it.each([
    ["STOP", ["STOP"]],
    [" STOP , baja,, ", ["STOP", "baja"]],
    ["停止，退订、取消", ["停止", "退订", "取消"]],
    ["إيقاف، توقف", ["إيقاف", "توقف"]],
    ["opt out,no more", ["opt out", "no more"]],
  ])("%s", (text, words) => {
    expect(parse({ OPT_OUT_KEYWORD: text }).keywords.optOut).toEqual(words);
  });

  it.each([
    ["STOP", "START,STOP", "STOP"],
    ["STOP", "«stop!»", "«stop!»"],
    ["İPTAL,СТОП", "alta,стоп", "стоп"],
  ])("%s and %s: a word in both lists is a fault, said in words", (optOut, optIn, word) => {
    expect(() => parse({ OPT_OUT_KEYWORD: optOut, OPT_IN_KEYWORD: optIn })).toThrow(
      `OPT_IN_KEYWORD and OPT_OUT_KEYWORD both contain ${word}: a word can mean only one of them`,
    );
  });

  it("a default counts as well: STOP cannot be the word for opting in", () => {
    expect(() => parse({ OPT_IN_KEYWORD: "Stop" })).toThrow("both contain Stop");
  });

  it("an empty list is a fault", () => {
    expect(() => parse({ OPT_OUT_KEYWORD: " , ，" })).toThrow("OPT_OUT_KEYWORD must not be empty");
  });
});

describe("the Data API", () => {
  const [MOENGAGE_DATA_API_URL, MOENGAGE_WORKSPACE_ID, MOENGAGE_DATA_API_KEY] = [
    "https://api-01.moengage.com/",
    "W",
    "k",
  ];

  it("is on with all three variables", () => {
    const env = { MOENGAGE_DATA_API_URL, MOENGAGE_WORKSPACE_ID, MOENGAGE_DATA_API_KEY };
    expect(parse(env).moengage.dataApi).toMatchObject({
      ...{ url: "https://api-01.moengage.com", workspaceId: "W", key: "k", customerIdIsPhone: false },
    });
  });

  it.each([
    [{ MOENGAGE_DATA_API_URL }, /MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY are missing/],
    [{ MOENGAGE_WORKSPACE_ID, MOENGAGE_DATA_API_KEY }, /MOENGAGE_DATA_API_URL.* missing/],
  ])("%j names what is missing", (env, fault) => {
    expect(() => parse(env)).toThrow(fault);
  });
});
