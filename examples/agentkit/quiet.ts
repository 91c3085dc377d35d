// AgentKit tells Coinbase of each start and of each action, with the wallet's address, and has no switch for it. Imported
// before AgentKit, this answers in Coinbase's place: nothing leaves this machine.

const real = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const { hostname } = new URL(input instanceof Request ? input.url : input);
  return hostname === "cca-lite.coinbase.com" ? Promise.resolve(new Response()) : real(input, init);
};
