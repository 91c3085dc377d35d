/** Words and addresses as a screen has room for them. */

/** `budget_exceeded` → `budget exceeded`. */
export const words = (code: string): string => code.replaceAll("_", " ");

/** `0x036CbD53842c5426634e7929541eC2318f3dCF7e` → `0x036CbD…CF7e`; what is short stays. Both ends, or look-alikes pass. */
export function shortened(text: string, head = 10, tail = 6): string {
  const letters = [...text];
  if (letters.length <= head + tail + 1) return text;
  return `${letters.slice(0, head).join("")}…${letters.slice(-tail).join("")}`;
}
