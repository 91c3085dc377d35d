// Generated from the Rust types by pkg-scripts/types.mjs: `npm run types`. Do not edit.

export const coreSchemas: Readonly<Record<string, object>> = {
  Action: {
    description: "What the policy says to a payment.",
    oneOf: [
      { description: "Pay: the money is held.", type: "string", const: "allow" },
      { description: "Ask people first.", type: "string", const: "require_approval" },
      { description: "Don't pay.", type: "string", const: "deny" },
    ],
  },
  Amount: {
    description: "An amount of some asset, in its atomic units. Reads and writes as a decimal string.",
    type: "string",
  },
  AnswerLine: {
    description: "What one approver said.",
    type: "object",
    properties: {
      approved: { description: "Whether they approve.", type: "boolean" },
      approver: { description: "Who.", type: "string" },
      at: { description: "When (ISO 8601).", type: "string" },
      note: { description: "Their words.", type: ["string", "null"] },
      signed: { description: "Whether a signature stands beside it.", type: "boolean" },
    },
    required: ["approver", "approved", "at", "signed"],
  },
  ApprovalCard: {
    description: "What an approver needs to see, in texts that are safe to show.",
    type: "object",
    properties: {
      agent: { description: "The agent that wants to pay; empty if it has no name.", type: "string" },
      amount: { description: "The amount, in atomic units.", $ref: "#/components/schemas/Amount" },
      asset: { description: "The asset, as `network/address`.", type: "string" },
      budgets: {
        description: "What it does to each budget.",
        type: "array",
        items: { $ref: "#/components/schemas/BudgetEffect" },
      },
      client: { description: "On whose behalf; empty if on nobody's.", type: "string" },
      decimals: {
        description: "How many decimals the asset has.",
        type: ["integer", "null"],
        format: "uint8",
        maximum: 255,
        minimum: 0,
      },
      description: {
        description: "What the seller says that it is for. Anybody can write anything here.",
        type: ["string", "null"],
      },
      flags: { description: "The rules that mark the payment.", type: "array", items: { type: "string" } },
      method: { description: "The HTTP method.", type: "string" },
      network: { description: "The chain, in CAIP-2.", type: "string" },
      origin: { description: "The origin of that.", type: "string" },
      payee: { description: "Who is paid.", type: "string" },
      payee_prior_payments: {
        description: "How often this address was paid before; 0 is a new payee.",
        type: "integer",
        format: "uint64",
        minimum: 0,
      },
      session: { description: "The session; empty if it has no name.", type: "string" },
      symbol: { description: "A name of the asset for people. It decides nothing.", type: ["string", "null"] },
      url: { description: "What is requested.", type: "string" },
      usd: {
        description: "The amount in US dollars, rounded up; absent where the asset has no price.",
        anyOf: [{ $ref: "#/components/schemas/Usd" }, { type: "null" }],
      },
      why: { description: "Why people are asked, a sentence for each rule.", type: "array", items: { type: "string" } },
    },
    required: [
      "agent",
      "session",
      "client",
      "method",
      "url",
      "origin",
      "amount",
      "asset",
      "network",
      "payee",
      "payee_prior_payments",
      "why",
      "flags",
      "budgets",
    ],
  },
  ApprovalView: {
    description: "A question as a page, a message or a terminal shows it.",
    type: "object",
    properties: {
      answers: { description: "What was said.", type: "array", items: { $ref: "#/components/schemas/AnswerLine" } },
      approvers: {
        description: "Who is asked; absent where anybody but the agent may answer.",
        type: ["array", "null"],
        items: { $ref: "#/components/schemas/ApproverLine" },
      },
      asked_at: { description: "When it was asked (ISO 8601).", type: "string" },
      digest: { description: "What an answer is bound to.", type: "string" },
      expires_at: { description: "From then on silence is a denial (ISO 8601).", type: "string" },
      id: { description: "The payment's id.", type: "string" },
      payment: {
        description:
          "What an approver needs to see. Each invisible or directing character in it is written out, as `⟨U+202E⟩`.",
        $ref: "#/components/schemas/ApprovalCard",
      },
      policy: { description: "The hash of the policy that asks.", type: "string" },
      standing: { description: "Where it stands.", $ref: "#/components/schemas/Standing" },
      threshold: { description: "How many have to approve.", type: "integer", format: "uint64", minimum: 0 },
    },
    required: ["id", "digest", "standing", "asked_at", "expires_at", "threshold", "answers", "policy", "payment"],
  },
  ApprovalWanted: {
    description: "Whose approval is wanted.",
    type: "object",
    properties: {
      approved: { description: "How many have.", type: "integer", format: "uint64", minimum: 0 },
      approvers: {
        description: "Who is asked; absent where anybody but the agent may answer.",
        type: ["array", "null"],
        items: { type: "string" },
      },
      digest: {
        description: "SHA-256 of what is asked, in hex: an approval can name it, and is then good for nothing else.",
        type: "string",
      },
      expires_at: { description: "From then on silence is a denial (ISO 8601).", type: "string" },
      id: { description: "The id to approve: the payment's own.", type: "string" },
      "new": { description: "True if people are asked just now: then they have to be told.", type: "boolean" },
      threshold: { description: "How many people have to approve.", type: "integer", format: "uint64", minimum: 0 },
    },
    required: ["id", "digest", "threshold", "approved", "expires_at"],
  },
  ApproverLine: {
    description: "Somebody who is asked.",
    type: "object",
    properties: {
      key: {
        description:
          "`ed25519`, or the reference of the secret for an HMAC; absent where the name is believed without a signature.",
        type: ["string", "null"],
      },
      name: { description: "The name.", type: "string" },
    },
    required: ["name"],
  },
  BudgetEffect: {
    description: "What a payment does to a budget, as it was when people were asked.",
    type: "object",
    properties: {
      after: { description: "With it.", type: "string" },
      before: { description: "Held and spent, without this payment.", type: "string" },
      limit: { description: "Its limit.", type: ["string", "null"] },
      name: { description: "The budget's name.", type: "string" },
      unit: { description: "`usd`, or the asset as `network/address`, in atomic units.", type: "string" },
      window: { description: "Its window.", type: "string" },
    },
    required: ["name", "window", "unit", "before", "after"],
  },
  BudgetLine: {
    description: "What is left of one budget's counter.",
    type: "object",
    properties: {
      available: {
        description: "What is left of the limit; 0 if more was captured than was held.",
        type: ["string", "null"],
      },
      held: { description: "Held in open holds.", type: "string" },
      key: {
        description: "Whose counter: the values of `per`, joined by `,`; `*` where there is one for all.",
        type: "string",
      },
      limit: {
        description: "The limit: US dollars, or atomic units. Absent where only approval is asked from a figure on.",
        type: ["string", "null"],
      },
      name: { description: "The budget's name.", type: "string" },
      spent: { description: "Spent within the window.", type: "string" },
      unit: { description: "`usd`, or the asset as `network/address`.", type: "string" },
      window: { description: "The window: a span, `session` or `lifetime`.", type: "string" },
    },
    required: ["name", "key", "unit", "held", "spent", "window"],
  },
  Coverable: {
    description: "A rule of the policy, by the name that a trace gives it.",
    type: "object",
    properties: {
      figures: {
        description: "Its figures, each with two sides that a payment can touch.",
        type: "array",
        items: { type: "string" },
      },
      rule: {
        description:
          "The rule: the name of a budget, rate or rule, or a place in the policy such as `payment.max_usd`.",
        type: "string",
      },
    },
    required: ["rule"],
  },
  Decision: {
    description: "The answer to *may this be paid?*",
    type: "object",
    properties: {
      accept: {
        description: "Which entry of the offer was chosen, or came nearest.",
        type: ["integer", "null"],
        format: "uint",
        minimum: 0,
      },
      action: { description: "What the policy says.", $ref: "#/components/schemas/Action" },
      amount: {
        description: "The amount of that entry, in atomic units, as a decimal text.",
        anyOf: [{ $ref: "#/components/schemas/Amount" }, { type: "null" }],
      },
      approval: {
        description: "Whose approval is wanted.",
        anyOf: [{ $ref: "#/components/schemas/ApprovalWanted" }, { type: "null" }],
      },
      asset: { description: "The asset, as `network/address`.", type: ["string", "null"] },
      decimals: {
        description: "How many decimals the asset has.",
        type: ["integer", "null"],
        format: "uint8",
        maximum: 255,
        minimum: 0,
      },
      delay: {
        description: "True if the payment only comes too soon, and the policy wants it to wait until `fix.retry_at`.",
        type: "boolean",
      },
      field: { description: "The field concerned, such as `accepts[0].amount`.", type: ["string", "null"] },
      fix: {
        description: "The smallest change that would let it pass, where there is one.",
        anyOf: [{ $ref: "#/components/schemas/Fix" }, { type: "null" }],
      },
      flags: {
        description: "The rules that mark the payment, whatever becomes of it.",
        type: "array",
        items: { type: "string" },
      },
      hold: { description: "An earlier hold that stands in the way.", type: ["string", "null"] },
      id: { description: "The caller's id for the payment.", type: "string" },
      message: { description: "One sentence for people: what was wrong, with the value.", type: ["string", "null"] },
      payee: { description: "The address that is paid.", type: ["string", "null"] },
      reason: { description: "Why, as a stable code.", $ref: "#/components/schemas/Reason" },
      refused: {
        description: "Why the other entries of the offer were not chosen.",
        type: "array",
        items: { $ref: "#/components/schemas/RefusedAccept" },
      },
      rules: {
        description:
          "The rules that fired: names of budgets, rates and rules, or places in the policy such as `payment.max_usd`.",
        type: "array",
        items: { type: "string" },
      },
      state: {
        description: "Where the hold stands, where there is one.",
        anyOf: [{ $ref: "#/components/schemas/State" }, { type: "null" }],
      },
      symbol: { description: "A name of the asset for people. It decides nothing.", type: ["string", "null"] },
      usd: {
        description: "The amount in US dollars, rounded up, as a decimal text; absent where the asset has no price.",
        anyOf: [{ $ref: "#/components/schemas/Usd" }, { type: "null" }],
      },
    },
    required: ["id", "action", "reason", "rules"],
  },
  Description: {
    description: "A policy, described.",
    type: "object",
    properties: {
      hash: { description: "SHA-256 of the canonical document, in hex.", type: "string" },
      lints: { description: "What is odd about it.", type: "array", items: { $ref: "#/components/schemas/Lint" } },
      name: { description: "Its name for people.", type: ["string", "null"] },
      rules: {
        description: "What it says, and the figures in that: what a test of it should touch.",
        type: "array",
        items: { $ref: "#/components/schemas/Coverable" },
      },
      sections: {
        description: "What it means, in the order in which a person would ask.",
        type: "array",
        items: { $ref: "#/components/schemas/Section" },
      },
      version: { description: "Its version; 0 where it names none.", type: "integer", format: "uint64", minimum: 0 },
    },
    required: ["version", "hash", "sections", "lints", "rules"],
  },
  Edge: {
    description: "A figure of the policy that a payment touched.",
    type: "object",
    properties: {
      figure: { description: "The figure, such as `payment.max_usd` or `daily.limit_usd`.", type: "string" },
      side: { description: "On which side.", $ref: "#/components/schemas/Side" },
    },
    required: ["figure", "side"],
  },
  EntryTrace: {
    description: "What the rules saw and said of one entry of an offer.",
    type: "object",
    properties: {
      accept: { description: "Which entry of the offer.", type: "integer", format: "uint", minimum: 0 },
      rules: {
        description: "Each rule, in the order in which they were asked.",
        type: "array",
        items: { $ref: "#/components/schemas/TraceLine" },
      },
    },
    required: ["accept", "rules"],
  },
  Fix: {
    description: "The smallest change that would let a payment pass.",
    type: "object",
    properties: {
      max_amount: {
        description: "The largest amount that would pass now, in atomic units.",
        anyOf: [{ $ref: "#/components/schemas/Amount" }, { type: "null" }],
      },
      max_amount_usd: {
        description: "The same in US dollars, rounded down to what the limits leave.",
        anyOf: [{ $ref: "#/components/schemas/Usd" }, { type: "null" }],
      },
      retry_at: {
        description:
          "The earliest time at which the same payment would pass, if nothing more is spent until then (ISO 8601).",
        type: ["string", "null"],
      },
    },
  },
  FreezeLine: {
    description: "A freeze, for people.",
    type: "object",
    properties: {
      agent: { description: "The agent; absent where all are frozen.", type: ["string", "null"] },
      at: { description: "Since when (ISO 8601).", type: "string" },
      digest: { description: "What a signature that lifts it is bound to.", type: "string" },
      disabled: { description: "The agent is taken out of service, rather than paused.", type: "boolean" },
      lifted_by: {
        description: "Who has lifted it. Whether that counts is for the policy of whoever decides.",
        type: ["string", "null"],
      },
      reason: { description: "The words of whoever froze it.", type: "string" },
    },
    required: ["disabled", "reason", "at", "digest"],
  },
  Ground: {
    description: "On what ground a hold was closed.",
    oneOf: [
      {
        description: "A receipt from the seller. Nobody signs those: it can book a spend, never free one.",
        type: "string",
        const: "receipt",
      },
      { description: "The seller delivered and sent no receipt: taken for one.", type: "string", const: "delivery" },
      { description: "The word of whoever drives the warden.", type: "string", const: "operator" },
      { description: "A chain's own answer.", type: "string", const: "chain" },
      {
        description: "No proof came before the signature ran out: booked as spent, at its maximum.",
        type: "string",
        const: "assumed",
      },
      { description: "It was never ticketed, and its time ran out.", type: "string", const: "lapsed" },
    ],
  },
  HoldLine: {
    description: "A hold, as it stands. Nothing in it can be used to pay: no signature is kept in the ledger.",
    type: "object",
    properties: {
      amount: { description: "What is held, in atomic units.", $ref: "#/components/schemas/Amount" },
      asset: { description: "The address of the asset on it.", type: "string" },
      at: { description: "When it was taken (ISO 8601).", type: "string" },
      breach: {
        description: "True if more was captured than was held, or after the hold was let go.",
        type: "boolean",
      },
      captured: {
        description: "What is booked as captured, in atomic units.",
        anyOf: [{ $ref: "#/components/schemas/Amount" }, { type: "null" }],
      },
      captured_at: { description: "In which moment of its windows that counts (ISO 8601).", type: ["string", "null"] },
      decimals: {
        description: "How many decimals the asset has.",
        type: ["integer", "null"],
        format: "uint8",
        maximum: 255,
        minimum: 0,
      },
      endpoint: { description: "The requested origin and path.", type: "string" },
      ground: {
        description: "On what ground it was closed.",
        anyOf: [{ $ref: "#/components/schemas/Ground" }, { type: "null" }],
      },
      id: { description: "The caller's id for the payment.", type: "string" },
      network: { description: "The network, in CAIP-2.", type: "string" },
      nonce: {
        description: "The authorization's own number on its chain, where it is known.",
        type: ["string", "null"],
      },
      note: { description: "The words of whoever closed it by hand.", type: ["string", "null"] },
      payee: { description: "The address that is paid.", type: "string" },
      payer: { description: "The wallet that signed, where it is known.", type: ["string", "null"] },
      refunded: {
        description: "What was given back in all, in atomic units.",
        anyOf: [{ $ref: "#/components/schemas/Amount" }, { type: "null" }],
      },
      signed: {
        description: "The most that was signed, where that is more.",
        anyOf: [{ $ref: "#/components/schemas/Amount" }, { type: "null" }],
      },
      state: { description: "Where it stands.", $ref: "#/components/schemas/State" },
      symbol: { description: "A name of the asset for people. It decides nothing.", type: ["string", "null"] },
      transaction: {
        description: "The transaction, as a receipt, a chain or a person names it.",
        type: ["string", "null"],
      },
      transfer: { description: "How the money moves.", $ref: "#/components/schemas/Transfer" },
      unbound: { description: "True if what was signed is not what is held.", type: "boolean" },
      until: {
        description:
          "Held: when it lapses. Else: from when on the signature can't be used any more, with 30 s for a chain's clock.",
        type: "string",
      },
      usd: {
        description: "What is held, in US dollars.",
        anyOf: [{ $ref: "#/components/schemas/Usd" }, { type: "null" }],
      },
    },
    required: ["id", "state", "at", "until", "endpoint", "network", "asset", "payee", "transfer", "amount"],
  },
  Lint: {
    description: "Something odd about a policy.",
    type: "object",
    properties: {
      code: { description: "What it is about, as a stable code.", $ref: "#/components/schemas/LintCode" },
      fix: { description: "What to do about it.", type: ["string", "null"] },
      level: { description: "How much it matters.", $ref: "#/components/schemas/LintLevel" },
      message: { description: "What is odd, in one sentence without a full stop.", type: "string" },
      path: { description: "Where, such as `budgets[1].limit_usd`; empty for the policy itself.", type: "string" },
    },
    required: ["code", "level", "path", "message"],
  },
  LintCode: {
    description: "What a lint is about. Serialises as its stable code.",
    oneOf: [
      { description: "A limit or threshold that others always come before.", type: "string", const: "cap_never_binds" },
      {
        description: "A rule, budget or rate for payments that can't be made.",
        type: "string",
        const: "rule_never_fires",
      },
      {
        description: "A rule for payments that another rule already treats as strictly.",
        type: "string",
        const: "rule_shadowed",
      },
      {
        description: "A rule that allows, where nothing needs to be allowed.",
        type: "string",
        const: "allow_without_effect",
      },
      {
        description: "An entry of an allow list that something else denies.",
        type: "string",
        const: "entry_without_effect",
      },
      {
        description: "An asset that is made known and can't be paid in, or is known already.",
        type: "string",
        const: "unused_asset",
      },
      { description: "The largest payment is larger than a whole budget.", type: "string", const: "max_above_budget" },
      { description: "No payment at all can pass.", type: "string", const: "nothing_allowed" },
      { description: "Each payment is limited, and the sum of them is not.", type: "string", const: "no_total" },
      {
        description: "A threshold for approval that several smaller payments stay below.",
        type: "string",
        const: "splitting_dodges",
      },
      {
        description: "All budgets are for a session, and a new session starts anew.",
        type: "string",
        const: "sessions_start_anew",
      },
      { description: "A payment flow takes the money before delivery.", type: "string", const: "pays_before_delivery" },
      { description: "A payee of which a fact is not known is let pass.", type: "string", const: "missing_facts_pass" },
      {
        description: "An expression that lets more hosts through than it seems to.",
        type: "string",
        const: "loose_pattern",
      },
      { description: "An expression where a plain pattern says the same.", type: "string", const: "plain_pattern" },
      {
        description: "A calendar window lets twice its limit through around its edge.",
        type: "string",
        const: "double_burst",
      },
      {
        description: "Each counter has a limit, and all of them together have none.",
        type: "string",
        const: "no_total_over_all",
      },
      {
        description: "No address can be paid for the first time, unless the facts say that it was paid.",
        type: "string",
        const: "never_first",
      },
    ],
  },
  LintLevel: {
    description: "How much a lint matters.",
    oneOf: [
      {
        description: "The policy hardly says what was meant. `check --strict` fails.",
        type: "string",
        const: "warning",
      },
      { description: "Worth knowing; it may well be meant.", type: "string", const: "info" },
    ],
  },
  Outcome: {
    description: "The answer of a verb that moves a hold on.",
    type: "object",
    properties: {
      breach: {
        description: "True if more was captured than was held, or after the hold was let go.",
        type: "boolean",
      },
      captured: {
        description: "What is booked as captured, in atomic units.",
        anyOf: [{ $ref: "#/components/schemas/Amount" }, { type: "null" }],
      },
      field: { description: "The field concerned.", type: ["string", "null"] },
      ground: {
        description: "On what ground the hold was closed.",
        anyOf: [{ $ref: "#/components/schemas/Ground" }, { type: "null" }],
      },
      id: { description: "The caller's id for the payment.", type: "string" },
      message: { description: "One sentence for people.", type: ["string", "null"] },
      nonce: { description: "The authorization's own number on its chain.", type: ["string", "null"] },
      ok: { description: "Whether it was done.", type: "boolean" },
      reason: {
        description: "Why not, as a stable code.",
        anyOf: [{ $ref: "#/components/schemas/Reason" }, { type: "null" }],
      },
      refunded: {
        description: "What was given back in all, in atomic units.",
        anyOf: [{ $ref: "#/components/schemas/Amount" }, { type: "null" }],
      },
      state: {
        description: "Where the hold stands now.",
        anyOf: [{ $ref: "#/components/schemas/State" }, { type: "null" }],
      },
      valid_before: {
        description: "The latest time at which the signature can be used (ISO 8601).",
        type: ["string", "null"],
      },
    },
    required: ["id", "ok"],
  },
  Reason: {
    description: "Why a verb answered as it did. Serialises as its stable code.",
    oneOf: [
      { description: "Every rule passed and the money is held.", type: "string", const: "allowed" },
      {
        description: "The policy wants a person's approval for this payment.",
        type: "string",
        const: "approval_required",
      },
      { description: "An approver refused this payment.", type: "string", const: "approval_rejected" },
      { description: "Nobody decided in time, and silence is a denial.", type: "string", const: "approval_expired" },
      {
        description:
          "What was approved is not what is asked for now: the policy, the offer or the request has changed, or it was used.",
        type: "string",
        const: "approval_void",
      },
      {
        description: "Fewer may approve than have to: the agent that asks is never one of them.",
        type: "string",
        const: "approval_impossible",
      },
      {
        description: "As many questions stand before people as the policy allows.",
        type: "string",
        const: "too_many_prompts",
      },
      {
        description: "The countersignature is missing, forged, for something else, or of another time.",
        type: "string",
        const: "bad_countersignature",
      },
      { description: "This one may not decide about this payment.", type: "string", const: "not_an_approver" },
      {
        description: "The request to the warden itself could not be read.",
        type: "string",
        const: "malformed_request",
      },
      { description: "The requested URL is not a plain absolute URL.", type: "string", const: "malformed_url" },
      {
        description: "The origin is not https on the default port with a DNS name, and is not listed.",
        type: "string",
        const: "origin_not_allowed",
      },
      {
        description: "The offer came from another origin than the one requested.",
        type: "string",
        const: "redirected_offer",
      },
      {
        description: "A field of the seller's offer is missing or has the wrong form.",
        type: "string",
        const: "malformed_offer",
      },
      {
        description: "The amount is not a plain decimal integer in a string, or exceeds 128 bits.",
        type: "string",
        const: "malformed_amount",
      },
      {
        description: "The lifetime of the authorization is not a whole number of seconds above zero.",
        type: "string",
        const: "malformed_lifetime",
      },
      {
        description: "The network is not a canonical CAIP-2 name or a known v1 alias.",
        type: "string",
        const: "malformed_network",
      },
      {
        description: "An address is not valid on its network, or is the zero address.",
        type: "string",
        const: "malformed_address",
      },
      { description: "The network is of a kind that the warden can't bind.", type: "string", const: "unknown_network" },
      {
        description: "The asset is not in the registry of known stablecoins, nor in the policy.",
        type: "string",
        const: "unknown_asset",
      },
      { description: "The payment scheme is one that the warden can't bind.", type: "string", const: "unknown_scheme" },
      {
        description: "The payment flow takes the money before delivery, or is unknown.",
        type: "string",
        const: "unsupported_flow",
      },
      {
        description: "An extension makes the wallet sign more than the payment.",
        type: "string",
        const: "unsupported_extension",
      },
      {
        description: "The signature would stay usable for longer than the policy allows.",
        type: "string",
        const: "lifetime_too_long",
      },
      { description: "No wallet of the caller's can pay this entry.", type: "string", const: "not_payable" },
      { description: "The network is not among those allowed.", type: "string", const: "network_not_allowed" },
      { description: "The asset is not among those allowed.", type: "string", const: "asset_not_allowed" },
      { description: "The scheme is not among those allowed.", type: "string", const: "scheme_not_allowed" },
      { description: "The vendor is on the block list.", type: "string", const: "vendor_blocked" },
      { description: "The vendor is not on the allow list.", type: "string", const: "vendor_not_allowed" },
      { description: "The payee is on the block list.", type: "string", const: "payee_blocked" },
      { description: "The payee is not on the allow list.", type: "string", const: "payee_not_allowed" },
      { description: "The agent is on the block list.", type: "string", const: "agent_blocked" },
      { description: "The agent is not on the allow list.", type: "string", const: "agent_not_allowed" },
      { description: "The client is on the block list.", type: "string", const: "client_blocked" },
      { description: "The client is not on the allow list.", type: "string", const: "client_not_allowed" },
      {
        description: "The origin wants its money at another address than the one first paid.",
        type: "string",
        const: "payee_changed",
      },
      {
        description: "The price lies further above its reference than is allowed.",
        type: "string",
        const: "price_drift",
      },
      { description: "Nothing is paid at this time.", type: "string", const: "out_of_hours" },
      {
        description: "A fact about the payee is asked for, and nobody knows it.",
        type: "string",
        const: "fact_missing",
      },
      {
        description: "What is known of the payee is not what the policy asks for.",
        type: "string",
        const: "counterparty_not_allowed",
      },
      { description: "The payment comes too soon after others.", type: "string", const: "rate_exceeded" },
      { description: "A rule of the policy denies it.", type: "string", const: "denied_by_rule" },
      {
        description: "No rule of the policy allows it, and unmatched payments are denied.",
        type: "string",
        const: "not_allowed_by_rule",
      },
      {
        description: "A limit in USD applies, and the asset has no price in the registry or the policy.",
        type: "string",
        const: "asset_without_price",
      },
      { description: "The amount is above the largest single payment.", type: "string", const: "payment_too_large" },
      {
        description: "The amount or network is outside the limit that this call gave.",
        type: "string",
        const: "caller_limit",
      },
      { description: "With this payment a budget would be exceeded.", type: "string", const: "budget_exceeded" },
      {
        description: "Personal data or a secret would leave with the request or the payment.",
        type: "string",
        const: "personal_data",
      },
      {
        description: "Personal data stands where it can't be redacted: the signature or the seller's match covers it.",
        type: "string",
        const: "personal_data_bound",
      },
      { description: "The warden is frozen: everything is denied.", type: "string", const: "frozen" },
      {
        description: "This agent is paused: everything that it asks for is denied.",
        type: "string",
        const: "agent_paused",
      },
      { description: "This agent is taken out of service.", type: "string", const: "agent_disabled" },
      { description: "This origin or facilitator has failed too often lately.", type: "string", const: "circuit_open" },
      {
        description: "An earlier payment for the same intent has an unknown outcome.",
        type: "string",
        const: "intent_unresolved",
      },
      {
        description:
          "The same payment, or one with the same idempotency key, was held before within the replay window.",
        type: "string",
        const: "replayed",
      },
      {
        description: "The clock of this host went forward by more than the time that passed.",
        type: "string",
        const: "clock_jump",
      },
      {
        description: "The clock of this host is more than 30 s off that of the store.",
        type: "string",
        const: "clock_skew",
      },
      { description: "Too many payments are open at once.", type: "string", const: "too_many_holds" },
      { description: "This id was used before with other content.", type: "string", const: "conflict" },
      {
        description: "Others kept changing the ledger while this was decided.",
        type: "string",
        const: "store_conflict",
      },
      { description: "The store failed, so nothing can be held.", type: "string", const: "store_unavailable" },
      {
        description: "What was decided can't be written into the audit log, so it is not allowed.",
        type: "string",
        const: "audit_unavailable",
      },
      { description: "The warden itself failed; that is a denial.", type: "string", const: "internal_error" },
      { description: "No hold has this id.", type: "string", const: "unknown_id" },
      { description: "The hold is not in a state in which this can be done.", type: "string", const: "wrong_state" },
      { description: "The hold was not used in time and was let go.", type: "string", const: "hold_expired" },
      {
        description: "What was signed can't be read as a payment of the scheme held.",
        type: "string",
        const: "malformed_payload",
      },
      { description: "The protocol version signed is not the one held.", type: "string", const: "version_mismatch" },
      { description: "The scheme signed is not the one held.", type: "string", const: "scheme_mismatch" },
      { description: "The chain signed for is not the one held.", type: "string", const: "network_mismatch" },
      { description: "The asset signed for is not the one held.", type: "string", const: "asset_mismatch" },
      { description: "The payee signed for is not the one held.", type: "string", const: "payee_mismatch" },
      { description: "The amount signed is not the one held.", type: "string", const: "amount_mismatch" },
      {
        description: "The signature would be usable for longer than what was held, or not at all.",
        type: "string",
        const: "lifetime_mismatch",
      },
      {
        description: "The contract allowed to move the money is not the scheme's own.",
        type: "string",
        const: "spender_mismatch",
      },
      { description: "The payer signed for is not the wallet that signs.", type: "string", const: "payer_mismatch" },
      {
        description: "The terms attached to the payment are not the ones held.",
        type: "string",
        const: "accepted_mismatch",
      },
      {
        description: "The wallet was asked to sign something that no ticket covers.",
        type: "string",
        const: "unticketed_signature",
      },
      { description: "The ticket for this payment was used before.", type: "string", const: "ticket_used" },
    ],
  },
  RefusedAccept: {
    description: "Why one entry of an offer was not chosen.",
    type: "object",
    properties: {
      accept: { description: "Which entry.", type: "integer", format: "uint", minimum: 0 },
      field: { description: "The field concerned.", type: ["string", "null"] },
      reason: { description: "Why, as a stable code.", $ref: "#/components/schemas/Reason" },
      rules: { description: "The rules that fired.", type: "array", items: { type: "string" } },
    },
    required: ["accept", "reason", "rules"],
  },
  Said: {
    description: "What a rule said, from the mildest to the strictest.",
    oneOf: [
      {
        description: "It does not speak of this payment, or the answer was clear before its turn.",
        type: "string",
        const: "not_asked",
      },
      { description: "It lets the payment pass.", type: "string", const: "pass" },
      { description: "It speaks for the payment.", type: "string", const: "allow" },
      { description: "It marks the payment.", type: "string", const: "flag" },
      { description: "It wants people to decide.", type: "string", const: "approve" },
      { description: "It denies the payment.", type: "string", const: "deny" },
    ],
  },
  Section: {
    description: "A question and what the policy answers.",
    type: "object",
    properties: {
      lines: { description: "The answers, a sentence each.", type: "array", items: { type: "string" } },
      title: { description: "The question.", type: "string" },
    },
    required: ["title", "lines"],
  },
  Side: {
    description:
      "Which side of a figure a payment touched, to the smallest step: one atomic unit, one payment, one day or one\nmillisecond.",
    oneOf: [
      {
        description: "The figure exactly: the last that a cap lets pass, the first that a threshold concerns.",
        type: "string",
        const: "met",
      },
      {
        description:
          "One step on the other side of it: the first that a cap stops, the last that a threshold leaves alone.",
        type: "string",
        const: "crossed",
      },
    ],
  },
  Standing: {
    description: "Where a question stands.",
    oneOf: [
      { description: "It waits for answers.", type: "string", const: "pending" },
      {
        description: "Enough have approved; the payment can be made, if it passes the policy when it is judged again.",
        type: "string",
        const: "approved",
      },
      {
        description: "So many have refused that the rest can't approve it any more.",
        type: "string",
        const: "rejected",
      },
      { description: "Nobody decided in time.", type: "string", const: "expired" },
      { description: "The payment was held.", type: "string", const: "used" },
    ],
  },
  State: {
    description: "Where a hold stands. From `Signing` on, only proof frees the money.",
    oneOf: [
      { description: "Set aside; nothing was signed.", type: "string", const: "held" },
      { description: "The ticket was issued: the signer may have signed.", type: "string", const: "signing" },
      { description: "Signed, and what was signed is what was held.", type: "string", const: "signed" },
      { description: "The money moved, or is booked as if it had.", type: "string", const: "captured" },
      { description: "The money did not move and can't any more.", type: "string", const: "voided" },
      {
        description: "It was signed, and nobody can say yet whether the money moved.",
        type: "string",
        const: "unknown",
      },
    ],
  },
  Trace: {
    description: "One payment, explained.",
    type: "object",
    properties: {
      decision: { $ref: "#/components/schemas/Decision" },
      others: {
        description: "The other entries of the offer.",
        type: "array",
        items: { $ref: "#/components/schemas/EntryTrace" },
      },
      rules: {
        description:
          "Each rule, and what it said to the entry that the decision is about. Empty where the answer was clear before\nany rule was asked, such as for a URL that can't be read or while the warden is frozen.",
        type: "array",
        items: { $ref: "#/components/schemas/TraceLine" },
      },
    },
    required: ["rules", "decision"],
  },
  TraceLine: {
    description: "What one rule saw and said.",
    type: "object",
    properties: {
      edges: {
        description: "The figures that the payment touched exactly, or missed by the smallest step.",
        type: "array",
        items: { $ref: "#/components/schemas/Edge" },
      },
      rule: {
        description:
          "The rule: the name of a budget, rate or rule, or a place in the policy such as `payment.max_usd`.",
        type: "string",
      },
      said: { description: "What it said.", $ref: "#/components/schemas/Said" },
      saw: { description: "What it saw, with the figures; or why it was not asked.", type: "string" },
    },
    required: ["rule", "saw", "said"],
  },
  Transfer: {
    description: "What is signed so that the money moves.",
    oneOf: [
      {
        description: "An EIP-3009 `TransferWithAuthorization`, in the token's own EIP-712 domain.",
        type: "string",
        const: "eip3009",
      },
      {
        description: "A Permit2 `PermitWitnessTransferFrom`, spent by the scheme's own contract.",
        type: "string",
        const: "permit2",
      },
      { description: "A Solana transaction with one `TransferChecked`.", type: "string", const: "svm_transfer" },
    ],
  },
  Usd: {
    description: "US dollars, in units of 10^-18. Reads and writes as a decimal string such as `4.99`.",
    type: "string",
  },
};
