import { describe, expect, it } from "@jest/globals";
import { matches, normalise, parseKeywords } from "../../src/core/keywords.ts";

describe("a keyword is recognised however it is written", () => {
  it.each([
    [
      "Latin",
      "STOP",
      [
        "stop",
        " Stop\n",
        "STOP.",
        "¡stop!",
        '"Stop"',
        "*STOP*",
        "_stop_",
        "🛑 STOP 🛑️",
        "ＳＴＯＰ",
        "S\u200BTOP",
        "stop\u0000",
        "(stop)…",
      ],
    ],
    ["Latin with accents", "DÉSABONNER", ["désabonner", "De\u0301sabonner", "«\u00A0Désabonner\u00A0»"]],
    ["German", "SCHLUSS", ["Schluß", "schluss!"]],
    ["Turkish", "İPTAL", ["iptal", "İptal", "IPTAL", "i\u0307ptal"]],
    ["Greek", "ΤΈΛΟΣ", ["τέλος", "Τέλος;", "τέλοσ"]],
    ["Cyrillic", "стоп", ["СТОП", "Стоп!", "«стоп»"]],
    ["Arabic", "إيقاف", ["إيقاف", "\u200Fإيقاف؟", "ﺇﻳﻘﺎﻑ"]],
    ["Hebrew", "הסר", ["\u200Fהסר\u200E", "הסר."]],
    ["Devanagari", "बंद करें", ["बंद करें", "बंद  करें।"]],
    ["Thai", "ยกเลิก", ["ยกเลิก", "ยกเลิก!"]],
    ["Chinese", "退订", ["退订", "退订。", "【退订】"]],
    ["Japanese", "ストップ", ["ｽﾄｯﾌﾟ", "ストップ！"]],
    ["Korean", "수신거부", ["수신거부", "수신거부".normalize("NFD")]],
    ["Armenian", "ՍՏՈՊ", ["ստոպ", "Ստոպ։"]],
    ["two words", "Opt out", ["OPT OUT", "opt  out", "Opt\u00A0out!"]],
    ["an emoji", "🛑", ["🛑", " 🛑\uFE0F"]],
    ["a digit", "1", ["1", "１", "1."]],
  ])("%s", (_, keyword, spellings) => {
    const keywords = parseKeywords([keyword]);
    expect(spellings.filter((text) => !matches(keywords, text))).toEqual([]);
  });
});

describe("what only looks like a keyword is none", () => {
  it.each([
    ["a sentence", "STOP", ["stop that noise", "please stop", "stop it", "don't stop", "stop. now"]],
    ["a longer word", "STOP", ["STOPPED", "stopp", "nonstop", "stop1", "stops"]],
    ["letters of another script", "STOP", ["ЅТОР", "STОP", "ΣTOP", "ՏTOP"]],
    ["the same word in another script", "стоп", ["STOP", "ctoп", "cтoп"]],
    ["letters apart", "STOP", ["S T O P", "S.T.O.P", "ST OP", "st-op"]],
    ["another accent", "ALTO", ["altó", "àlto"]],
    ["a part of the word", "OPT OUT", ["opt", "out", "optout", "opt-out"]],
    ["another syllable", "수신거부", ["수신거", "수신 거부", "거부"]],
    ["a longer word without spaces", "退订", ["不退订", "退订短信", "退"]],
    ["another kana", "ストップ", ["すとっぷ", "ストッフ"]],
    ["another letter of the same shape", "إيقاف", ["ايقاف", "إيقافه"]],
    ["a vowel sign more", "बंद करें", ["बंद करेंगे", "बंद"]],
    ["another emoji", "🛑", ["⛔", "🛑🛑", "🚫"]],
    ["nothing at all", "STOP", ["", "   ", "!!!", "\u200B", "👍"]],
    ["a text that is too long to be one", "STOP", [`STOP${" ".repeat(300)}`]],
  ])("%s", (_, keyword, lookAlikes) => {
    const keywords = parseKeywords([keyword]);
    expect(lookAlikes.filter((text) => matches(keywords, text))).toEqual([]);
  });
});

describe("lists", () => {
  it("match any of their words, and none when they are empty", () => {
    const keywords = parseKeywords(["STOP", " baja ", "СТОП", ""]);
    expect([...keywords].sort()).toEqual(["baja", "stop", "стоп"]);
    expect(["BAJA!", "стоп", "stop", ""].map((text) => matches(keywords, text))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(matches(parseKeywords([""]), "")).toBe(false);
  });

  it.each(["STOP", "İPTAL", "Schluß", "ΤΈΛΟΣ", "ﺇﻳﻘﺎﻑ", "🛑", "Opt  out!"])(
    "%s has one form, however often it is brought into it",
    (word) => {
      expect(normalise(normalise(word))).toBe(normalise(word));
    },
  );

  it("takes no time over a long text of punctuation", () => {
    const started = performance.now();
    matches(parseKeywords(["STOP"]), "!a".repeat(50_000));
    normalise(`${"! ".repeat(95)}a`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
