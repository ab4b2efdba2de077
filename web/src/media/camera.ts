/** Cameras of this device, through the Media Capture API. */

import { SourceError } from "./errors";

export interface Camera {
  readonly id: string;
  /** Empty until the person has allowed a camera. */
  readonly name: string;
}

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 60 } };

/**
 * Ask for a camera; the browser asks the person.
 *
 * @param id Of the camera; null = the browser's choice, on a phone the one facing the person.
 *     One that is gone falls back to that choice.
 * @throws SourceError if the page may not ask, DOMException as `getUserMedia` gives it.
 */
export async function openCamera(id: string | null): Promise<MediaStream> {
  const devices = mediaDevices();
  if (id !== null) {
    try {
      return await devices.getUserMedia({ video: { ...SIZE, deviceId: { exact: id } } });
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "OverconstrainedError") {
        throw error;
      }
    }
  }
  return devices.getUserMedia({ video: { ...SIZE, facingMode: "user" } });
}

export async function listCameras(): Promise<readonly Camera[]> {
  const devices = await mediaDevices().enumerateDevices();
  return devices
    .filter((device) => device.kind === "videoinput" && device.deviceId !== "")
    .map((device) => ({ id: device.deviceId, name: device.label }));
}

/** The camera's light goes out when all its tracks are stopped. */
export function stopStream(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.stop();
  }
}

/** Call `listener` when cameras come or go; returns how to stop. */
export function onCamerasChange(listener: () => void): () => void {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  devices?.addEventListener("devicechange", listener);
  return () => devices?.removeEventListener("devicechange", listener);
}

function mediaDevices(): MediaDevices {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) {
    throw globalThis.isSecureContext
      ? new SourceError("no-camera", "this browser has no navigator.mediaDevices")
      : new SourceError("insecure-origin", location.origin);
  }
  return devices;
}
