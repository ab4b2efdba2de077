/** One kept crop, fetched with the token, and the button that deletes it. */

import { type MouseEvent, useEffect, useState } from "react";
import type { Sample } from "../../engine/samples";
import { Icon } from "../icons";
import { usePage } from "../page";
import { useTeaching } from "./context";

export function Thumb({ sample }: { readonly sample: Sample }) {
  const { words } = usePage();
  const teach = useTeaching();
  const { samples } = teach;
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let current = true;
    samples.crop(sample.id).then(
      (crop) => {
        if (current) {
          made = URL.createObjectURL(crop);
          setAddress(made);
        }
      },
      () => undefined, // its place stays empty, and it can be deleted all the same
    );
    return () => {
      current = false;
      if (made !== null) {
        URL.revokeObjectURL(made);
      }
    };
  }, [samples, sample.id]);
  const label = words.label(sample.label);
  const remove = async ({ currentTarget }: MouseEvent<HTMLElement>): Promise<void> => {
    const place = currentTarget.closest("li");
    const beside = place?.nextElementSibling ?? place?.previousElementSibling;
    if (await teach.remove({ sample: sample.id })) {
      beside?.querySelector("button")?.focus(); // so that keys can go on from there
    }
  };
  return (
    <div className="thumb">
      {address === null ? (
        <span className="thumb-empty" />
      ) : (
        <img src={address} alt={words.t("teach.thumb", { label })} width={48} height={48} />
      )}
      <button
        type="button"
        className="button button-icon thumb-delete"
        aria-label={words.t("teach.delete.crop", { label })}
        title={words.t("teach.delete.crop", { label })}
        disabled={teach.state.busy !== null}
        onClick={(event) => void remove(event)}
      >
        <Icon name="trash" />
      </button>
    </div>
  );
}
