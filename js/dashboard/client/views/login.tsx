/** Logging in with a key. It goes into the request's body alone; the cookie that comes back is out of a script's reach. */

import { useEffect, useState } from "preact/hooks";
import { type Failure, failureOf } from "../lib/failure.ts";
import { logIn } from "../lib/session.ts";

export function LogIn() {
  const [key, setKey] = useState("");
  const [failure, setFailure] = useState<Failure>();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Log in · tollwarden";
  }, []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await logIn(key.trim());
      setKey("");
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)}>
        <div class="brand">
          <img src="icon.svg" alt="" />
          tollwarden
        </div>
        <h1>Log in</h1>
        <p class="dim">
          With a key that may read, approve or administer. The first one was printed when the service first started.
        </p>
        <label class="field">
          <span>Key</span>
          <input
            type="password"
            name="key"
            autocomplete="current-password"
            required
            value={key}
            aria-invalid={failure !== undefined}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        {failure && (
          <p class="notice bad" role="alert">
            {failure.status === 401 ? "This key is not known here, or is worth nothing any more." : failure.message}
          </p>
        )}
        <button type="submit" class="main-action" disabled={busy}>
          {busy ? "Asking …" : "Log in"}
        </button>
      </form>
    </main>
  );
}
