import { describe, expect, it } from "@jest/globals";
import { parseKeywords } from "../../src/core/keywords.ts";
import { classify, type InboundMessage } from "../../src/core/reply.ts";

const keywords = { optOut: parseKeywords(["STOP", "Baja"]), optIn: parseKeywords(["START", "Alta"]) };

const inbound = (content: InboundMessage["content"]): InboundMessage => ({
  ...{ id: "in-1", channel: "whatsapp", from: "447700900123", to: "14155550100", at: 0 },
  content,
});

describe("what an inbound message means", () => {
  it.each([
    ["opt_out", { type: "text", text: " stop! " }],
    ["opt_out", { type: "text", text: "baja" }],
    ["opt_in", { type: "text", text: "Start" }],
    ["other", { type: "text", text: "stop that noise" }],
    ["other", { type: "text", text: "When do you open?" }],
    ["other", { type: "text", text: "" }],
    ["opt_out", { type: "button", text: "Stop", payload: "x" }],
    ["opt_out", { type: "button", text: "No more of these", payload: "STOP" }],
    ["opt_in", { type: "button", text: "Alta", payload: "" }],
    ["button", { type: "button", text: "Stop promotions", payload: "stop-promotions" }],
    ["button", { type: "button", text: "Yes", payload: "yes" }],
    ["opt_out", { type: "button", text: "Stop", payload: "START" }],
    ["opt_out", { type: "choice", title: "STOP", id: "row1" }],
    ["opt_in", { type: "choice", title: "start", id: "row2" }],
    ["button", { type: "choice", title: "The nearest bus stop", id: "stop" }],
    ["other", { type: "other" }],
  ] as [string, InboundMessage["content"]][])("%s: %j", (kind, content) => {
    expect(classify(inbound(content), keywords)).toBe(kind);
  });
});
