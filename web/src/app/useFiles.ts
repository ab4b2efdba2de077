/** Files that are dropped anywhere on the page, or pasted. */

import { useEffect, useState } from "react";
import { firstFile } from "../media/picture";

/** Whether something is held over the page. */
export function useFiles(onFile: (file: File) => void): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const take = (event: globalThis.Event, transfer: DataTransfer | null): void => {
      const file = firstFile(transfer);
      if (file !== null) {
        event.preventDefault();
        onFile(file);
      }
    };
    const dragged = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes("Files") === true) {
        event.preventDefault();
        setOver(true);
      }
    };
    const left = (event: DragEvent): void => {
      if (event.relatedTarget === null) {
        setOver(false);
      }
    };
    const dropped = (event: DragEvent): void => {
      setOver(false);
      take(event, event.dataTransfer);
    };
    const pasted = (event: ClipboardEvent): void => take(event, event.clipboardData);
    document.addEventListener("dragover", dragged);
    document.addEventListener("dragleave", left);
    document.addEventListener("drop", dropped);
    document.addEventListener("paste", pasted);
    return () => {
      document.removeEventListener("dragover", dragged);
      document.removeEventListener("dragleave", left);
      document.removeEventListener("drop", dropped);
      document.removeEventListener("paste", pasted);
    };
  }, [onFile]);
  return over;
}
