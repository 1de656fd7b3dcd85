package client_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// Upload a picture and send it.
func ExampleClient_UploadFile() {
	c, err := client.New(client.Options{KeyFile: keyFile, AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	file, err := c.UploadFile(ctx, strings.NewReader("GIF89a…"), "image/gif")
	if err != nil {
		log.Fatal(err)
	}
	sent, err := c.CreateAgentMessage(ctx, "+12223334444", "picture-1", &rbm.AgentMessage{
		ContentMessage: &rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: file.Name}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sent.Name)
	// Output: phones/+12223334444/agentMessages/picture-1
}

// Upload a film over a connection that may break.
func ExampleClient_UploadFileResumable() {
	c, err := client.New(client.Options{KeyFile: keyFile, AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	film := filepath.Join(filepath.Dir(keyFile), "film.mp4")
	if err := os.WriteFile(film, make([]byte, 3<<20), 0o600); err != nil {
		log.Fatal(err)
	}

	f, err := os.Open(film)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		log.Fatal(err)
	}
	file, err := c.UploadFileResumable(context.Background(), f, info.Size(), "video/mp4")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.HasPrefix(file.Name, "files/"))
	// Output: true
}
