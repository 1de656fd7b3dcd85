// Package s3blobs keeps the contents of files in an S3-compatible object store, each
// as one object.
package s3blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/openrbm/openrbm/internal/media"
)

// Config says where an S3-compatible object store is.
type Config struct {
	Endpoint             string // such as https://s3.eu-central-1.amazonaws.com
	Region, Bucket       string
	Prefix               string // of the objects' names, such as "openrbm/"
	AccessKey, SecretKey string
}

// Blobs keeps contents as objects of a bucket. It is a media.Blobs.
type Blobs struct {
	client         *minio.Client
	bucket, prefix string
}

// Open connects to the object store, and fails if the bucket does not exist.
func Open(ctx context.Context, c Config) (*Blobs, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("s3blobs: the endpoint %q is not like https://s3.example.com", c.Endpoint)
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: u.Scheme == "https", Region: c.Region,
	})
	if err != nil {
		return nil, fmt.Errorf("s3blobs: %w", err)
	}
	ok, err := client.BucketExists(ctx, c.Bucket)
	if err == nil && !ok {
		err = errors.New("it does not exist")
	}
	if err != nil {
		return nil, fmt.Errorf("s3blobs: bucket %s at %s: %w", c.Bucket, c.Endpoint, err)
	}
	return &Blobs{client: client, bucket: c.Bucket, prefix: c.Prefix}, nil
}

// Put uploads the file at path, unless its content is there.
func (s *Blobs) Put(ctx context.Context, sum, path string) error {
	_, err := s.client.StatObject(ctx, s.bucket, s.prefix+sum, minio.StatObjectOptions{})
	if isMissing(err) {
		_, err = s.client.FPutObject(ctx, s.bucket, s.prefix+sum, path, minio.PutObjectOptions{
			ContentType: "application/octet-stream", DisableMultipart: true, // the files are small enough
		})
	}
	if err != nil {
		return err
	}
	return os.Remove(path)
}

// Open asks for the object; what is read of it is fetched by ranges.
func (s *Blobs) Open(ctx context.Context, sum string) (io.ReadSeekCloser, error) {
	object, err := s.client.GetObject(ctx, s.bucket, s.prefix+sum, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	if _, err := object.Stat(); err != nil {
		object.Close()
		if isMissing(err) {
			return nil, media.ErrNoContent
		}
		return nil, err
	}
	return object, nil
}

// Delete removes the object.
func (s *Blobs) Delete(ctx context.Context, sum string) error {
	err := s.client.RemoveObject(ctx, s.bucket, s.prefix+sum, minio.RemoveObjectOptions{})
	if isMissing(err) {
		return nil
	}
	return err
}

func isMissing(err error) bool {
	return err != nil && minio.ToErrorResponse(err).Code == minio.NoSuchKey
}
