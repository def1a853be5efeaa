declare const BUILD_ID: string;

/** Differs between any two builds of pipe from different sources; undefined where the sources themselves run. */
export const buildId = typeof BUILD_ID === 'undefined' ? undefined : BUILD_ID;
