// Passkeys: a button asks its address what a device is to sign, and its form goes with what the device answers.
const { PublicKeyCredential: known, navigator: { credentials } } = window;
export function offerPasskey(button) {
  if (!known?.parseCreationOptionsFromJSON || !known.prototype.toJSON) return;
  const failed = button.nextElementSibling;
  button.hidden = false;
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const response = await fetch(button.dataset.passkey);
      if (response.redirected) return location.reload(); // to where the password is asked first
      const options = await response.json();
      const answer = options.rp ? await credentials.create({ publicKey: known.parseCreationOptionsFromJSON(options) })
        : await credentials.get({ publicKey: known.parseRequestOptionsFromJSON(options) });
      button.form.elements.credential.value = JSON.stringify(answer);
      button.form.requestSubmit(button);
    } catch {
      failed.hidden = false;
    }
  });
}
