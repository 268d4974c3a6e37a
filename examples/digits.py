"""Learn handwritten digits: a model, a loader, an optimizer."""

import ferrule as fe
from ferrule import data, nn, optim

fe.manual_seed(0)
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = optim.Adam(model.parameters(), lr=0.003)
criterion = nn.CrossEntropyLoss()

loader = data.DataLoader(data.digits("train"), batch_size=32, shuffle=True)
for epoch in range(10):
    total = 0.0
    for images, labels in loader:
        loss = criterion(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += float(loss)
    print(f"epoch {epoch + 1}: mean loss {total / len(loader):.3f}")

images, labels = data.digits("test").tensors
with fe.no_grad():
    right = (model(images).argmax(1) == labels).sum().item()
print(f"{right} of {len(labels)} test images are recognised")
