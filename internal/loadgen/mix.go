package loadgen

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Message is an AgentMessage that is sent again and again.
type Message struct {
	Name   string
	JSON   []byte
	Weight int // its share of all messages; 0 counts as 1
}

var defaultMessage = Message{Name: "text", JSON: []byte(`{"contentMessage":{"text":"Your code is 123 456. It is good for ten minutes."}}`)}

// maxWeight keeps the sum of all weights within reason.
const maxWeight = 1_000_000

// ReadMix reads messages from files. A source is a file, or a directory of which
// every *.json counts; =N behind it is the weight, 1 by default.
func ReadMix(sources []string) ([]Message, error) {
	var mix []Message
	for _, source := range sources {
		path, weight, err := splitWeight(source)
		if err != nil {
			return nil, err
		}
		files, err := filesOf(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			m, err := readMessage(file, weight)
			if err != nil {
				return nil, err
			}
			mix = append(mix, m)
		}
	}
	return mix, nil
}

// splitWeight takes the weight off a source; a file may have a = in its name.
func splitWeight(source string) (path string, weight int, err error) {
	i := strings.LastIndexByte(source, '=')
	if i < 0 {
		return source, 1, nil
	}
	if _, err := os.Stat(source); err == nil {
		return source, 1, nil
	}
	weight, err = strconv.Atoi(source[i+1:])
	if err != nil || weight < 1 || weight > maxWeight {
		return "", 0, fmt.Errorf("%s: the weight must be 1 to %d", source, maxWeight)
	}
	return source[:i], weight, nil
}

func filesOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) == ".json" {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no *.json", path)
	}
	return files, nil
}

func readMessage(file string, weight int) (Message, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Message{}, err
	}
	if !json.Valid(text) {
		return Message{}, fmt.Errorf("%s is not JSON", file)
	}
	return Message{Name: file, JSON: text, Weight: weight}, nil
}

// dice picks messages by their weights. One goroutine owns it.
type dice struct {
	mix  []Message
	upTo []int // sum of the weights to here
	rand *rand.Rand
}

// newDice returns dice that fall the same way in every run for the same seed.
func newDice(mix []Message, seed uint64) *dice {
	d := &dice{mix: mix, rand: rand.New(rand.NewPCG(seed, 1))}
	sum := 0
	for _, m := range mix {
		sum += max(1, m.Weight)
		d.upTo = append(d.upTo, sum)
	}
	return d
}

func (d *dice) pick() []byte {
	if len(d.mix) == 1 {
		return d.mix[0].JSON
	}
	i, _ := slices.BinarySearch(d.upTo, 1+d.rand.IntN(d.upTo[len(d.upTo)-1]))
	return d.mix[i].JSON
}
