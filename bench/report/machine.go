package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// machine describes what the figures were measured on. What cannot be found out
// is said to be unknown.
func machine() string {
	fsType, device := fileSystem(os.TempDir())
	return fmt.Sprintf("Machine: %s, %d cores, %s of memory, %s on %s, %s, %s. Server and load share it.",
		cpuModel(), runtime.NumCPU(), memory(), fsType, device, runtime.Version(), kernel())
}

func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo") // without it: unknown
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU (" + runtime.GOARCH + ")"
}

func memory() string {
	b, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			if kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(v), " kB")); err == nil {
				return fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
			}
		}
	}
	return "unknown GiB"
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	return "Linux " + strings.TrimSpace(string(b))
}

// fileSystem is the type and the device of the mount that dir is on.
func fileSystem(dir string) (fsType, device string) {
	fsType, device = "unknown file system", "unknown device"
	b, _ := os.ReadFile("/proc/self/mounts")
	longest := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 3 || len(f[1]) < longest || !within(dir, f[1]) {
			continue
		}
		longest, device, fsType = len(f[1]), f[0], f[2]
	}
	return fsType, device
}

func within(dir, mount string) bool {
	return mount == "/" || dir == mount || strings.HasPrefix(dir, mount+"/")
}
