// Command manifests reads Kubernetes objects, YAML, from standard input into the
// types of the API, and fails on whatever has no place there. It says what it has read, and what it
// does not know.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	in := yaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	failed := false
	for {
		doc, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, kind, err := strict.Decode(doc, nil, nil)
		switch {
		case runtime.IsNotRegisteredError(err):
			fmt.Println("not known:", kind)
		case runtime.IsMissingKind(err) && kind.Empty(): // comments only
		case err != nil:
			fmt.Fprintf(os.Stderr, "%v: %v\n", kind, err)
			failed = true
		default:
			fmt.Println("good:", kind)
		}
	}
	if failed {
		os.Exit(1)
	}
}
