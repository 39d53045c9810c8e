interface ChoiceProps<T extends string | number> {
  readonly label: string;
  readonly options: readonly { readonly value: T; readonly text: string; readonly whyNot?: string | undefined }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** Shows a few buttons, of which one is pressed. An option with `whyNot` cannot be chosen; its tooltip says why. */
export function Choice<T extends string | number>({ label, options, value, onChange }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          aria-disabled={option.whyNot !== undefined}
          title={option.whyNot}
          onClick={() => option.whyNot === undefined && onChange(option.value)}
        >
          {option.text}
        </button>
      ))}
    </fieldset>
  );
}
