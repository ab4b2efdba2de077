import { createContext, useContext } from "react";
import type { Teach } from "../../app/useTeach";

export const TeachContext = createContext<Teach | null>(null);

export function useTeaching(): Teach {
  const teach = useContext(TeachContext);
  if (teach === null) {
    throw new Error("expected a view inside TeachContext.Provider, got one outside");
  }
  return teach;
}
