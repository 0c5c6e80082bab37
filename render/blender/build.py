"""Make the add-on's zip: python render/blender/build.py [folder], default render/blender/dist."""

import sys
import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).parent


def build(folder: Path) -> Path:
    source = HERE / "gengine_blender"
    version = tomllib.loads((source / "blender_manifest.toml").read_text("utf-8"))["version"]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"gengine_blender-{version}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(source.iterdir()):
            if file.suffix in {".py", ".json", ".toml"}:
                archive.write(file, f"gengine_blender/{file.name}")
        archive.write(HERE.parents[1] / "LICENSE", "gengine_blender/LICENSE")
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / 'dist')}\n")
