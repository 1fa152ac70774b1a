package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"handfast/fuzz"
)

func newFuzzExport(e env) *cobra.Command {
	var c fuzz.ExportConfig
	var json string
	cmd := &cobra.Command{
		Use:   "export FOLDER",
		Short: "Write corpora, a dictionary and a project folder for libFuzzer, AFL++, honggfuzz and OSS-Fuzz",
		Long: `Write what other engines need, so that long runs go to them: corpus/FORM with a file for each input (the vectors, and inputs that the grammar makes), handfast.dict with everything
that means something on the wire, which libFuzzer, AFL++ and honggfuzz all read, and oss-fuzz/ with the files of a project. fuzz/harness/harness.c is a harness.`,
		Example: `  handfast fuzz export engines
  clang -g -O1 -fsanitize=fuzzer,address -DWHAT=frame -I fuzz/bench/samples fuzz/harness/harness.c fuzz/bench/samples/sample.c -o fuzz_frame
  ./fuzz_frame -dict=engines/handfast.dict engines/corpus/frame`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c.Dir = args[0]
			out, err := fuzz.Export(c)
			if err != nil {
				return notWritten(c.Dir, err)
			}
			if json != "" {
				if err := e.write(json, jsonOf(out)); err != nil || json == "-" {
					return err
				}
			}
			forms := make([]string, 0, len(out.Inputs))
			for form := range out.Inputs {
				forms = append(forms, form)
			}
			slices.Sort(forms)
			for _, form := range forms {
				fmt.Fprintf(e.stdout, "corpus/%s: %d inputs\n", form, out.Inputs[form])
			}
			fmt.Fprintf(e.stdout, "handfast.dict: %d tokens\noss-fuzz: a project\n", out.Tokens)
			return nil
		},
	}
	cmd.Flags().IntVar(&c.Made, "made", 200, "inputs that the grammar makes for each form, beside the vectors")
	cmd.Flags().Uint64Var(&c.Seed, "seed", 1, "seed of them")
	cmd.Flags().StringVar(&c.Project, "project", "handfast", "`name` of the OSS-Fuzz project and its repository")
	cmd.Flags().StringVar(&json, "json", "", "write the counts as JSON to `file`, - for stdout")
	return cmd
}

// jsonOf writes a value as JSON.
func jsonOf(v any) func(w io.Writer) error {
	return func(w io.Writer) error { return writeJSON(w, v) }
}
