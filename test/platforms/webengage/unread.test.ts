import { describe, expect, it } from "@jest/globals";
import type { CatalogTemplate } from "../../../src/core/template/template.ts";
import { asConnectorError, ConnectorError } from "../../../src/lib/errors.ts";
import { webengageWhatsApp } from "../../../src/platforms/webengage/index.ts";
import { fixture } from "../../fixtures/index.ts";
import { createPlatformPorts } from "../../support/ports.ts";
import { NUMBER, real } from "./fixtures.ts";

const template = (text: string): CatalogTemplate => ({
  id: "1",
  name: "templatexyz",
  language: "en",
  category: "MARKETING",
  status: "APPROVED",
  parameterFormat: "POSITIONAL",
  components: [{ type: "BODY", text }],
});
const FITS = template("hello {{1}}, welcome to new {{2}}");
const EDITED = template("bye {{1}}");
const pending = new ConnectorError("templates_pending", "not yet", { retryable: true, httpStatus: 429 });

/** The answer to a send while the connector knows `known`, and a list fetched for it would say `fresh`. */
async function answer(
  variant: string,
  known: CatalogTemplate | undefined,
  fresh: CatalogTemplate | ConnectorError | undefined,
) {
  let confirmed = 0;
  const { intake } = webengageWhatsApp(
    {
      accepted: [],
      numbers: [NUMBER],
      dsnUrl: "https://wt.webengage.com/tracking/events",
      dsnToken: "token",
      sentOn: "delivered",
    },
    createPlatformPorts({
      findTemplate: () => ({
        template: known,
        async confirm() {
          confirmed++;
          if (fresh instanceof ConnectorError) throw fresh;
          return fresh;
        },
      }),
    }),
  );
  const body = real(fixture("webengage-send", variant));
  const { templateData } = body["whatsAppData"] as { templateData: Record<string, unknown> };
  if (variant.startsWith("entire")) delete templateData["templateVariables"];
  const outcome = async () => {
    try {
      return intake.accepted(await intake.toMessage(body, Date.now()));
    } catch (error) {
      return intake.failed(asConnectorError(error));
    }
  };
  const { status, body: words } = await outcome();
  return { status, code: (words as { statusCode: number }).statusCode, confirmed };
}

describe("a finished message", () => {
  it.each([
    ["its template is known", FITS, pending, { status: 200, code: 0, confirmed: 0 }],
    ["nothing is known, and the list comes", undefined, FITS, { status: 200, code: 0, confirmed: 1 }],
    ["nothing is known, and no list comes", undefined, pending, { status: 429, code: 2015, confirmed: 1 }],
    ["its template was edited since", EDITED, FITS, { status: 200, code: 0, confirmed: 1 }],
    ["it misfits, and no list comes", EDITED, pending, { status: 429, code: 2015, confirmed: 1 }],
    ["it misfits a fresh list too", EDITED, EDITED, { status: 400, code: 2022, confirmed: 1 }],
    ["its template is in no list", undefined, undefined, { status: 400, code: 2022, confirmed: 1 }],
  ])("when %s", async (_, known, fresh, expected) => {
    expect(await answer("entire-message-text", known, fresh)).toEqual(expected);
  });
});

it("variables wait for no list", async () => {
  expect(await answer("variables-text", undefined, pending)).toEqual({ status: 200, code: 0, confirmed: 0 });
});
