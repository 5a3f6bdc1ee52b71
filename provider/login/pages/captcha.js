(() => {
  const form = document.querySelector("form[data-captcha]");
  const longest = 10000; // milliseconds; then the form is sent as it is, and the answer says what is wrong
  form.addEventListener("submit", (event) => {
    if (!window.grecaptcha) return;
    event.preventDefault();
    const { captcha, action } = form.dataset;
    const checked = new Promise((resolve, reject) => {
      window.grecaptcha.ready(() => window.grecaptcha.execute(captcha, { action }).then(resolve, reject));
    });
    const late = new Promise((resolve) => setTimeout(resolve, longest, ""));
    Promise.race([checked, late]).catch(() => "").then((response) => {
      form.elements.captcha.value = response;
      form.submit();
    });
  });
})();
