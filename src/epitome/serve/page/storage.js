// The browser's storage; where it is switched off, what is kept lasts as long as the page.

function opened(name) {
  try {
    const area = window[name];
    area.getItem("");
    return area;
  } catch {
    const held = new Map();
    return {
      getItem: (key) => held.get(key) ?? null,
      setItem: (key, value) => held.set(key, value),
      removeItem: (key) => held.delete(key),
    };
  }
}

export const storage = opened("localStorage");
export const tab = opened("sessionStorage");
