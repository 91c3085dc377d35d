// Renders a Helm chart's templates without Helm, for tests: Go's own template engine, and the functions of Helm that the
// chart uses. `go run main.go <chart> <values.json> <release>` prints each file as {"name": "text"}.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

type files string

// Get is a file of the chart, as Helm's `.Files.Get` gives it.
func (base files) Get(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(string(base), name))
	return string(text), err
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func indent(spaces int, text string) string {
	pad := strings.Repeat(" ", spaces)
	lines := strings.Split(text, "\n")
	for place, line := range lines {
		if line != "" {
			lines[place] = pad + line
		}
	}
	return strings.Join(lines, "\n")
}

func full(value any) bool {
	truth, _ := template.IsTrue(value)
	return truth
}

func main() {
	chart, release := os.Args[1], os.Args[3]
	text, err := os.ReadFile(os.Args[2])
	must(err)
	var values map[string]any
	must(json.Unmarshal(text, &values))

	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var out bytes.Buffer
			err := all.ExecuteTemplate(&out, name, data)
			return out.String(), err
		},
		// JSON is YAML.
		"toYaml": func(value any) (string, error) { text, err := json.Marshal(value); return string(text), err },
		"quote":  func(value any) string { return fmt.Sprintf("%q", fmt.Sprint(value)) },
		"default": func(other, value any) any {
			if full(value) {
				return value
			}
			return other
		},
		"nindent":    func(spaces int, text string) string { return "\n" + indent(spaces, text) },
		"trunc":      func(most int, text string) string { return text[:min(most, len(text))] },
		"trimSuffix": func(suffix, text string) string { return strings.TrimSuffix(text, suffix) },
		"int":        func(value float64) int { return int(value) },
		"fail":       func(message string) (string, error) { return "", fmt.Errorf("%s", message) },
	})
	names, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	must(err)
	for _, path := range names {
		text, err := os.ReadFile(path)
		must(err)
		_, err = all.New(filepath.Base(path)).Parse(string(text))
		must(err)
	}
	data := map[string]any{
		"Values":  values,
		"Release": map[string]any{"Name": release, "Service": "Helm"},
		"Chart":   map[string]any{"AppVersion": os.Args[4]},
		"Files":   files(chart),
	}
	rendered := map[string]string{}
	for _, path := range names {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var out bytes.Buffer
		must(all.ExecuteTemplate(&out, name, data))
		rendered[name] = out.String()
	}
	must(json.NewEncoder(os.Stdout).Encode(rendered))
}
