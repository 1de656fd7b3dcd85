package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// measured is the values that were printed, by benchmark and unit.
type measured map[[2]string][]float64

// read collects the values and passes everything through. failed says that a
// test or a build failed.
func read(in io.Reader, out io.Writer) (m measured, failed bool, err error) {
	m = measured{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if _, err := io.WriteString(out, line+"\n"); err != nil {
			return nil, false, err
		}
		failed = failed || strings.HasPrefix(line, "FAIL") || strings.HasPrefix(strings.TrimSpace(line), "--- FAIL")
		m.add(line)
	}
	return m, failed, lines.Err()
}

// add takes a line such as "BenchmarkAccept/card-2  1  0.31 vs-bare  9 accepts/s".
func (m measured) add(line string) {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 || !strings.HasPrefix(fields[0], "Benchmark") {
		return
	}
	if _, err := strconv.Atoi(fields[1]); err != nil {
		return
	}
	name := strings.TrimPrefix(fields[0], "Benchmark")
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		if _, err := strconv.Atoi(name[i+1:]); err == nil {
			name = name[:i] // the number of cores
		}
	}
	for i := 2; i < len(fields); i += 2 {
		if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
			k := [2]string{name, fields[i+1]}
			m[k] = append(m[k], v)
		}
	}
}

// medians are the figures that were measured, by their names. Those in µs are
// printed as ns/op.
func (m measured) medians() map[string]float64 {
	known := map[string]float64{}
	for _, f := range figures {
		values := slices.Sorted(slices.Values(m[[2]string{f.benchmark, f.unit}]))
		if len(values) == 0 {
			continue
		}
		v := values[len(values)/2]
		if f.unit == "ns/op" {
			v /= 1000
		}
		known[f.name] = v
	}
	return known
}

// readResults reads the figures of earlier runs; there need not be any.
func readResults(file string) (map[string]float64, error) {
	known := map[string]float64{}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &known)
	}
	return known, err
}

func writeResults(file string, known map[string]float64) error {
	b, err := json.MarshalIndent(known, "", "  ") // sorted by name
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
