// Recomputes the proof of the event on the page: RFC 6962 from the content up to the signed root, by WebCrypto.
"use strict";

const octets = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (bytes) => [...bytes].map((octet) => octet.toString(16).padStart(2, "0")).join("");
const base64 = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const encoded = (text) => new TextEncoder().encode(text);

async function hashed(prefix, ...parts) {
  const bytes = new Uint8Array(await new Blob([Uint8Array.of(prefix), ...parts]).arrayBuffer());
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

// RFC 9162, section 2.1.3.2.
async function rootOf(leaf, position, size, path) {
  let [place, last, root] = [position, size - 1, leaf];
  for (const step of path) {
    if (last === 0) return "";
    if (place % 2 === 1 || place === last) {
      root = await hashed(1, step, root);
      while (place % 2 === 0 && place !== 0) [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
    } else {
      root = await hashed(1, root, step);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hex(root) : "";
}

async function signed(proof) {
  const key = await crypto.subtle.importKey("raw", base64(proof.key).slice(1), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, base64(proof.signature), encoded(proof.text));
}

function told(section, name, holds) {
  const step = section.querySelector(`[data-step="${name}"]`);
  step.classList.add(holds ? "holds" : "fails");
  step.querySelector("[data-result]").textContent = holds ? "holds" : "does not hold";
}

async function prove(section) {
  if (section.proven === section.dataset.proof) return;
  section.proven = section.dataset.proof;
  const said = section.querySelector("[data-proof-said]");
  if (!crypto.subtle) { said.textContent = ", which browsers recompute over https only"; return; }
  const proof = JSON.parse(section.dataset.proof);
  const began = performance.now();
  const leaf = await hashed(0, encoded(proof.leaf));
  const root = await rootOf(leaf, proof.position, proof.size, proof.path.map(octets));
  told(section, "leaf", hex(leaf) === proof.leaf_hash);
  told(section, "root", root === proof.root && proof.text.split("\n")[2] === btoa(String.fromCharCode(...octets(root))));
  try {
    told(section, "signature", await signed(proof));
  } catch (error) {
    if (error.name !== "NotSupportedError") throw error;
    const step = section.querySelector("[data-step=signature]");
    step.classList.add("unknown");
    step.querySelector("[data-result]").textContent = "this browser knows no Ed25519";
  }
  said.textContent = `, recomputed in this browser in ${Math.max(1, Math.round(performance.now() - began))} ms`;
}

const proveAll = () => document.querySelectorAll("[data-proof]").forEach(prove);
document.addEventListener("DOMContentLoaded", proveAll);
document.addEventListener("htmx:after:swap", proveAll);
